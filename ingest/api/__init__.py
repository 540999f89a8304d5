"""The HTTP door: webhooks of the payment provider and the payment page on a phone.

`app.py` makes the application from functions that are handed in (this room knows no prices and no payments),
`door.py` is what every answer and request has to pass, `page.py` the payment page, `server.py` runs it.
"""
