"""What measures the server: simulated workers over real HTTP, against a server and a Postgres of their own."""
