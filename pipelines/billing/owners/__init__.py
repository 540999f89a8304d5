"""What site owners are paid: what is due for a month, the statements that say it, and the files for the bank.

`statements` is the stage that computes shares and rents in the lake. `dues` reads what is not stated yet, `parties` who
pays whom, `compose` makes a document of it (pure), `register` gives it its number and keeps it, `issue` puts these
together. `payouts` pays what was stated, each statement once.
"""
