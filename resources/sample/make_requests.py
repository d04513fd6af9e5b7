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

ADJECTIVES_LEARNED = (
    "red blue green black white grey brown yellow small large long short thick thin wide narrow heavy light soft hard "
    "round flat dry fresh frozen salted smoked roasted dark sweet plain striped"
).split()
GOODS_LEARNED = (
    "apples nails candles towels bricks pencils onions carrots gloves buttons envelopes spoons plates cups tiles ropes "
    "screws bolts lamps chairs blankets pillows notebooks brushes hammers potatoes tomatoes peaches plums walnuts almonds "
    "beans noodles cookies biscuits muffins sausages shirts socks scarves boots belts curtains rugs mirrors clocks batteries "
    "cables hoses pipes valves hinges wires magnets lids pears grapes figs dates olives lentils raisins pancakes pretzels "
    "bagels ribbons napkins aprons sponges mops brooms pens rulers staples labels posters cards maps puzzles balls kites "
    "skates helmets tents lanterns anchors oars nets hooks planks beams panels bulbs switches plugs sensors screens keyboards "
    "printers speakers vases statues"
).split()
ADJECTIVES_HELD_OUT = "orange purple golden silver wooden warm spicy bitter smooth sharp tall curved steel cotton glass".split()
GOODS_HELD_OUT = (
    "lemons cherries mushrooms peppers forks knives bowls ladders shovels drills stamps folders markers hats jackets "
    "sweaters umbrellas benches shelves drawers doors windows fans heaters pumps filters gaskets springs washers crayons"
).split()

PLACES_LEARNED = (
    "London Paris Berlin Madrid Rome Vienna Prague Warsaw Dublin Lisbon Athens Oslo Helsinki Budapest Geneva Munich Hamburg "
    "Milan Naples Turin Valencia Seville Porto Lyon Marseille Boston Chicago Denver Dallas Houston Phoenix Seattle Portland "
    "Atlanta Miami Detroit Toronto Montreal Ottawa Sydney Melbourne Perth Tokyo Osaka Delhi Mumbai Cairo Nairobi Lagos Lima "
    "Bristol Leeds Oxford Bergen Malmo Tampere Riga Vilnius Krakow Salzburg Basel Ghent Bordeaux Granada Palermo Split Varna "
    "Tampa Omaha Tucson Fresno Reno Quebec Havana Bogota Quito Dakar Accra Tunis Hanoi Seoul"
).split()
PLACES_HELD_OUT = (
    "Stockholm Copenhagen Brussels Amsterdam Zurich Barcelona Florence Venice Glasgow Liverpool Austin Memphis Orlando "
    "Cleveland Pittsburgh Vancouver Calgary Brisbane Auckland Kyoto Bangkok Manila Istanbul Santiago Boulder"
).split()

UNITS_LEARNED = (
    "boxes bags packs crates cartons pallets bundles cases sets rolls stacks sheets bales drums tubs cans pots kegs bins "
    "batches loads reels jars trays buckets baskets bottles tubes pairs chests units containers"
).split()
UNITS_HELD_OUT = "sacks barrels packets parcels tins".split()

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
        item = source.choice(goods)
        if source.random() < 0.6:
            item = source.choice(adjectives) + " " + item
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
