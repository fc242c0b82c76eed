"""A ledger of orders: what happened is a stream, what is in stock is a key, an invoice is a blob.

An order takes from the stock by compare-and-set, in one transaction with the event that says so and with the key that
says what became of it: nothing is sold twice, and a kill leaves all of an order or none. The sum of the ledger is a
fold, which goes on from its last snapshot; in the middle the store is compacted.
"""

import sys
from functools import reduce
from pathlib import Path
from typing import Any

from journal import ExpectationError, Fold, Journal, StreamEvent

STOCK = {"cup": 5, "pot": 2}
PRICES = {"cup": 4, "pot": 15}
ORDERS = [
    ("ana", "cup", 2),
    ("ben", "pot", 1),
    ("cleo", "cup", 2),
    ("ana", "pot", 1),
    ("ben", "cup", 3),
    ("dan", "cup", 1),
]
LEDGER = "orders"
Sales = dict[str, int]


def step(sales: Sales, event: StreamEvent) -> Sales:
    """Return the sales after an event."""
    return {"orders": sales["orders"] + 1, "sum": sales["sum"] + event.data.get("sum", 0)}


SALES: Fold[Sales] = Fold("sales", {"orders": 0, "sum": 0}, step)


def take(journal: Journal, number: int) -> str:
    """Take one order in, or find that it is; return what became of it."""
    who, article, count = ORDERS[number]
    while (known := journal.kv.get(f"order/{number}")) is None:
        have = journal.kv.get(f"stock/{article}")
        is_sold = have >= count
        data: dict[str, Any] = {"number": number, "article": article, "count": count}
        if is_sold:  # the blob first, then what refers to it; one that nothing refers to is put aside by compaction
            text = f"Invoice {number}: {who}, {count} {article}, {count * PRICES[article]} EUR\n"
            data |= {"sum": count * PRICES[article], "invoice": journal.blobs.put(text.encode(), mime="text/plain")}
        try:
            with journal.transaction(actor=who) as together:
                if is_sold:
                    together.kv.cas(f"stock/{article}", expected=have, value=have - count)
                together.kv.create(f"order/{number}", "sold" if is_sold else "refused")
                together.append(LEDGER, "OrderSold" if is_sold else "OrderRefused", data)
        except ExpectationError:
            continue  # somebody was faster: look again
    return str(known)


def main(folder: str) -> None:
    """Take all orders, compact in between, and hold the snapshot against the whole stream."""
    Journal.init(Path(folder, ".journal"))
    with Journal.open(folder) as journal:
        for article, count in STOCK.items():
            journal.kv.create(f"stock/{article}", count)  # once: what is there already stays
        for number, (who, article, count) in enumerate(ORDERS):
            print(f"- {who} wants {count} {article}: {take(journal, number)}", flush=True)
            if number % 2:
                journal.snapshot(SALES, LEDGER)
                journal.compact()
        sales = journal.fold(SALES, LEDGER).value
        print(f"in stock: {journal.kv.list('stock/')}")
        print(f"of the orders: {journal.kv.list('order/')}")
        print(f"sold for {sales['sum']} EUR in {sales['orders']} orders")
        print(f"snapshot and tail are the whole: {sales == reduce(step, journal.read(LEDGER), SALES.seed)}")
        for event in journal.read(LEDGER, event="OrderSold"):
            print(journal.blobs.get(event.data["invoice"]).decode(), end="")


if __name__ == "__main__":
    main(sys.argv[1])
