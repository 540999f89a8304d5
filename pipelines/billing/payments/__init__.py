"""Taking payments by card, wallet and stored method through a payment provider.

`provider.py` says what a provider is asked and answers, `stripe_adapter.py` is Stripe, `flow.py` is how a session or an
invoice is paid, `webhooks.py` what the provider tells by itself, `events.py` what others learn of it. Nothing here
writes the ledger: domain events go to a callable that is handed in, in the transaction that records them.
"""
