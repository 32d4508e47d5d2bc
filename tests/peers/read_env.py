"""Reads every FOLDER/N.env as python-dotenv does, and prints {"python-dotenv": {N: {KEY: value}}}."""
import json
import logging
import pathlib
import sys

import dotenv

logging.disable(logging.CRITICAL)
read = {}
for file in pathlib.Path(sys.argv[1]).iterdir():
    values = dotenv.dotenv_values(file, encoding="utf-8", interpolate=True)
    read[file.name.removesuffix(".env")] = {k: v for k, v in values.items() if v is not None}
json.dump({"python-dotenv": read}, sys.stdout)
