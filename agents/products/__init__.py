"""What a product is and which needs it may meet, found out once for each text.

What fits a shopper is put in order in `agents.match`.
"""
