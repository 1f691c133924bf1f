"""What fits a shopper: candidates put in order by an intent and their cards, with reasons. Pure.

What a product is, is found out in `agents.products`.
"""
