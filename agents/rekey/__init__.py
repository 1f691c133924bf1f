"""Topics of any dialect become one topic keyed by shopper.

What a shopper does is not judged here.
"""
