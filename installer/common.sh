# Shared by the scripts of this folder (sourced, not run).

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(dirname "$here")

say() { printf '\n== %s\n' "$*" >&2; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else stop "This needs root to install packages. Run it as root, or install sudo."; fi
}

# Installs the packages that are missing; asks the network only when there are any.
install_packages() {
  command -v apt-get >/dev/null 2>&1 || stop "This script installs Debian packages and found no apt-get. Install what $here/packages-debian-12.txt lists, then build with CMake (README.md, \"Building\")."
  local missing=() package
  while read -r package; do
    case "$package" in ''|'#'*) continue ;; esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done < <(cat "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  say "Installing: ${missing[*]}"
  as_root apt-get update -qq || stop "The lists of packages could not be brought up to date; apt-get's message is above. Check the network and the sources of apt, then run this again."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    stop "Not all packages could be installed; apt-get's message is above. Check the network, or install them yourself (${missing[*]}), then run this again."
}

# Where ccache is installed, what one checkout compiled serves another.
export CCACHE_BASEDIR=$source_dir CCACHE_NOHASHDIR=1

# build_folder NAME GIVEN: where a build goes: build/NAME, or the folder that a person gave, relative to where they stand.
build_folder() {
  case "$2" in
    '') printf '%s\n' "$source_dir/build/$1" ;;
    /*) printf '%s\n' "$2" ;;
    *) printf '%s\n' "$PWD/$2" ;;
  esac
}

# build PRESET FOLDER [cmake arguments]: configures and builds.
build() {
  local preset=$1 folder=$2; shift 2
  say "Building ($preset) in $folder"
  (cd "$source_dir" && cmake --preset "$preset" -B "$folder" "$@" >/dev/null) || stop "CMake could not configure the build; its message is above."
  ninja -C "$folder" -j "${SCALEWRIGHT_JOBS:-$(nproc)}" >&2 || stop "The build failed; its message is above."
}
