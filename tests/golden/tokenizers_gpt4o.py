#!/usr/bin/env python3
"""Makes tokenizers/gpt4o and its cases: a small byte-level BPE whose words are cut as GPT-4o and Phi-4-mini cut them.

    python3 tests/golden/tokenizers_gpt4o.py > cases.jsonl      (then append what is new to tokenizers/more_cases.jsonl)

Needs the packages tokenizers and regex; the texts are those of tokenizers/cases.jsonl and some for case and slashes."""
import json
import os

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
TAIL = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
PATTERN = "|".join([
    r"[^\r\n\p{L}\p{N}]?" + UPPER + "*" + LOWER + "+" + TAIL,
    r"[^\r\n\p{L}\p{N}]?" + UPPER + "+" + LOWER + "*" + TAIL,
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
MORE = ["camelCase HTTPServer parseXMLDoc iOS McDonald's O'Neill'S WE'LL we'll I'D don't Don'T 'tis",
        "https://example.org/a/b//c\n\n/usr/lib  and\r\n/// 12345 6 789", "ǅungla Ǆ ʰa ªb 日本語 中'd Überﬁx é́A",
        " \t x\n \n  y   ", "a1B22c333D4444 ''' ' 's' _x_Y"]


def main():
    with open(os.path.join(HERE, "cases.jsonl"), encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file] + MORE
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, show_progress=False, special_tokens=["<|endoftext|>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    os.makedirs(os.path.join(HERE, "gpt4o"), exist_ok=True)
    tokenizer.save(os.path.join(HERE, "gpt4o", "tokenizer.json"), pretty=False)
    for text in MORE + texts[:40:4]:
        pieces = [piece for piece, _ in split.pre_tokenize_str(text)]
        print(json.dumps({"text": text, "ids": {"gpt4o": tokenizer.encode(text).ids},
                          "cuts": {"gpt4o": [len(piece.encode()) for piece in pieces]}, "decoded": {}}, separators=(",", ":")))


if __name__ == "__main__":
    main()
