"""What if: recorded events again, through a worker's own parts, in virtual time, with other settings."""
