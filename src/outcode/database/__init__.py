"""PostgreSQL: the embedded server's life cycle, pools, tables, migrations, and the folder for wide values."""
