"""A ledger of orders: what happened is a stream, what is in stock is a key, an invoice is a blob. Run it with a folder.

An order takes from the stock by compare-and-set, in one transaction with the event that says so: nothing is sold twice,
and a kill leaves all of an order or none. The sum of the ledger is a snapshot in a key, brought forward from where it
stands; in the middle the store is compacted.
"""

import sys
from typing import Any

from journal import ExpectationError, Journal

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


def stock_up(journal: Journal) -> None:
    """Put the first goods on the shelf, once."""
    for article, count in STOCK.items():
        journal.kv.create(f"stock/{article}", count)


def take(journal: Journal, number: int) -> str:
    """Take one order in, or find that it is; return what became of it."""
    who, article, count = ORDERS[number]
    text = f"Invoice {number}: {who}, {count} {article}, {count * PRICES[article]} EUR\n"
    invoice = journal.blobs.put(text.encode(), mime="text/plain")
    while True:
        known = journal.kv.get(f"order/{number}")
        if known is not None:
            return str(known["is"])
        have = journal.kv.get(f"stock/{article}")
        is_sold = have >= count
        data: dict[str, Any] = {"number": number, "who": who, "sum": count * PRICES[article] if is_sold else 0}
        try:
            with journal.transaction(actor=who) as together:
                if is_sold:
                    together.kv.cas(f"stock/{article}", expected=have, value=have - count)
                    data["invoice"] = invoice
                together.kv.create(f"order/{number}", {"is": "sold" if is_sold else "refused"})
                together.append(LEDGER, "OrderSold" if is_sold else "OrderRefused", data)
        except ExpectationError:
            continue  # somebody was faster: look again


def bring_forward(journal: Journal) -> dict[str, int]:
    """Return the sum of all that was sold: the snapshot and what the stream has after it; that is the next snapshot."""
    before = journal.kv.get("snapshot", {"through": 0, "sum": 0})
    now = dict(before)
    for event in journal.read(LEDGER, start=before["through"] + 1):
        now = {"through": event.position, "sum": now["sum"] + (event.data or {})["sum"]}
    journal.kv.put("snapshot", now)
    return now


def main(folder: str) -> None:
    """Take all orders, compact in between, and hold the snapshot against the whole stream."""
    Journal.init(folder)
    with Journal.open(folder) as journal:
        stock_up(journal)
        for number, (who, article, count) in enumerate(ORDERS):
            print(f"- {who} wants {count} {article}: {take(journal, number)}", flush=True)
            if number % 2:
                bring_forward(journal)
                journal.compact()
        ledger = bring_forward(journal)
        events = [event.data or {} for event in journal.read(LEDGER)]
        print(f"in stock: {journal.kv.list('stock/')}")
        print(f"sold for {ledger['sum']} EUR in {ledger['through']} orders")
        print(f"snapshot and tail are the whole: {ledger['sum'] == sum(event['sum'] for event in events)}")
        invoices = [journal.blobs.get(event["invoice"]).decode().strip() for event in events if event["sum"]]
        print("\n".join(invoices))


if __name__ == "__main__":
    main(sys.argv[1])
