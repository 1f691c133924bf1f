"""The lake: what topics said, as Parquet files by hour that outlive Redis and the topics."""
