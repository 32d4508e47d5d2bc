import os

from work import work

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django
from django.db import connection, transaction as database

django.setup()


def transaction(value):
    with database.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT %s::int + 1", [value])
        return cursor.fetchone()[0]


work(transaction)
