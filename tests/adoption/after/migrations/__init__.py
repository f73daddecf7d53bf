"""The app's migrations of before, and those in this folder."""

from tests.adoption.before import migrations as before

__path__ += before.__path__
