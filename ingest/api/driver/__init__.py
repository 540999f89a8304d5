"""The pages of a driver's phone: register and sign in, start by the code on the station, watch, stop, pay, receipts.

`routes.py` has the addresses, `pages.py` and `forms.py` the HTML, `texts.py` its words, `accounts.py` who is signed in,
`visitor.py` what is known of who asks. What to show and do is handed in (`models.py`): this room knows no prices.
"""
