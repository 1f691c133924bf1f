"""Views: what each page shows of a snapshot, as plain values for its template. Pure."""
