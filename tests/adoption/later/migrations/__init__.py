"""The app's migrations until then, and those in this folder."""

from tests.adoption.after import migrations as after

__path__ += after.__path__
