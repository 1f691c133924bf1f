"""Eval: how well rules, models and prompt versions foresee what recorded shoppers did next."""
