#!/usr/bin/env python3
"""Writes the sample dataset: requests in plain English and the one line of JSON that answers each.

requests-train.jsonl holds 600 rows to learn from, requests-held-out.jsonl 100 rows to judge by. The held-out rows use
other goods, places, units, quantities and wordings than the learned ones, so an exact match there means that the task was
learned and not the rows. Only the standard library is used; the same seed gives the same bytes.
"""

import json
import pathlib
import random

SEED = 20240611

# Every item is two words, as "red apples". The words that come first behind a quote in the answer are common ones: a small
# model has a token for them with and without a space before, so that it can copy them instead of having to spell them.
ADJECTIVES_LEARNED = (
    "red blue green black white grey brown yellow small large long short thick thin wide heavy light soft hard round flat dry "
    "fresh frozen dark sweet plain hot cool paper plastic iron stone square big little old new wet raw whole mini double single"
).split()
GOODS_LEARNED = (
    "apples nails candles towels bricks onions carrots gloves buttons spoons plates cups tiles ropes screws bolts lamps chairs "
    "blankets pillows notebooks brushes potatoes tomatoes beans cookies shirts socks boots belts curtains rugs mirrors clocks "
    "batteries cables pipes valves wires magnets pears grapes figs lids ribbons pens rulers labels posters cards maps puzzles "
    "balls helmets tents nets hooks panels bulbs switches plugs sensors screens keyboards printers speakers books bikes tables "
    "desks shoes flowers seeds plants eggs nuts toys dolls tools frames motors engines wheels tires coins rings stones cakes"
).split()
ADJECTIVES_HELD_OUT = "orange purple gold warm cold smooth sharp tall glass metal clean bright gray".split()
GOODS_HELD_OUT = (
    "lemons cherries mushrooms peppers forks knives bowls hats jackets doors windows fans heaters pumps filters stamps folders "
    "markers oranges berries trees masks phones cameras radios drums tablets computers games"
).split()

PLACES_LEARNED = (
    "London Paris Boston India China Canada Brazil France Italy Germany California Washington Cambridge Jackson Lincoln Israel "
    "Australia Britain Berlin Madrid Vienna Athens Oslo Budapest Geneva Hamburg Milan Naples Lyon Denver Dallas Seattle Portland "
    "Miami Detroit Toronto Montreal Melbourne Perth Tokyo Delhi Mumbai Cairo Nairobi Lima Poland Sweden Norway Finland Kenya "
    "Peru Chile Ohio Georgia Utah Oregon Kansas Hawaii Alaska Arizona"
).split()
PLACES_HELD_OUT = "Rome Chicago Mexico Spain Egypt Florida Virginia Oxford Madison Russia England Japan Texas".split()

UNITS_LEARNED = "boxes bags packs cases sets rolls sheets pots bins loads pairs pieces groups blocks bars tons".split()
UNITS_HELD_OUT = "packages cans kits sticks batches".split()

LEARNED = [
    "Please send {q} {u} of {i} to {p}.",
    "Send {q} {u} of {i} to {p}.",
    "Send {q} {u} of {i} to our shop in {p}, please.",
    "We need {q} {u} of {i} in {p}.",
    "I need {q} {u} of {i} delivered to {p}.",
    "Please ship {q} {u} of {i} to {p} by Friday.",
    "Ship {q} {u} of {i} to {p}.",
    "Could you ship {q} {u} of {i} to {p}?",
    "I would like to order {q} {u} of {i} for {p}.",
    "We would like {q} {u} of {i}, delivered to {p}.",
    "Order {q} {u} of {i} for the office in {p}.",
    "Can you deliver {q} {u} of {i} to {p}?",
    "The store in {p} wants {q} {u} of {i}.",
    "Our team in {p} ordered {q} {u} of {i}.",
    "{p} is asking for {q} {u} of {i}.",
    "For {p}: {q} {u} of {i}.",
    "To {p}: {q} {u} of {i}, please.",
    "{q} {u} of {i} to {p}, please.",
    "{q} {u} of {i} for {p}.",
    "Hello, we are out of {i}. Please send {q} {u} to {p}.",
    "Hi, {p} has no {i} left. Send {q} {u}.",
    "More {i} for {p}: {q} {u} this time.",
    "We ran out of {i} in {p}, so please send {q} {u}.",
    "Good morning! {q} {u} of {i} should go to {p}.",
]
HELD_OUT = [
    "Please deliver {q} {u} of {i} to {p}.",
    "Could we get {q} {u} of {i} in {p}?",
    "Hello! Can you send {q} {u} of {i} to {p} next week?",
    "I want to buy {q} {u} of {i} for our branch in {p}.",
    "The warehouse in {p} needs {q} {u} of {i}.",
    "A customer in {p} would like {q} {u} of {i}.",
    "Good evening, {q} {u} of {i} to {p}, thank you.",
    "There are no {i} left in {p}. Please ship {q} {u}.",
    "New order for {p}: {q} {u} of {i}.",
    "Dear team, please bring {q} {u} of {i} to {p}.",
]

# Every seventh quantity is kept for the held-out rows.
QUANTITIES = [n for n in range(2, 100)] + [n for n in range(100, 1000, 25)]
QUANTITIES_LEARNED = [n for index, n in enumerate(QUANTITIES) if index % 7 != 3]
QUANTITIES_HELD_OUT = [n for index, n in enumerate(QUANTITIES) if index % 7 == 3]


def rows(source, count, wordings, adjectives, goods, places, units, quantities):
    """`count` different rows; wordings take turns, everything else is drawn."""
    seen = set()
    while len(seen) < count:
        item = source.choice(adjectives) + " " + source.choice(goods)
        order = {"item": item, "quantity": source.choice(quantities), "unit": source.choice(units), "ship_to": source.choice(places)}
        wording = wordings[len(seen) % len(wordings)]
        request = wording.format(q=order["quantity"], u=order["unit"], i=order["item"], p=order["ship_to"])
        request = request[0].upper() + request[1:]
        if request in seen:
            continue
        seen.add(request)
        yield {"messages": [{"role": "user", "content": request}, {"role": "assistant", "content": json.dumps(order)}]}


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8", newline="\n")


def main():
    folder = pathlib.Path(__file__).resolve().parent
    source = random.Random(SEED)
    learned = list(
        rows(source, 600, LEARNED, ADJECTIVES_LEARNED, GOODS_LEARNED, PLACES_LEARNED, UNITS_LEARNED, QUANTITIES_LEARNED)
    )
    source.shuffle(learned)
    write(folder / "requests-train.jsonl", learned)
    held_out = rows(
        source, 100, HELD_OUT, ADJECTIVES_HELD_OUT, GOODS_HELD_OUT, PLACES_HELD_OUT, UNITS_HELD_OUT, QUANTITIES_HELD_OUT
    )
    write(folder / "requests-held-out.jsonl", list(held_out))


if __name__ == "__main__":
    main()
