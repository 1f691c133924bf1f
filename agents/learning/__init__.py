"""What a worker's partitions teach, and the snapshot that its rules use."""
