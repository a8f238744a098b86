"""Changes of the database, made by Django (``python -m django makemigrations``)."""
