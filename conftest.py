"""Let pytest run the notebooks, whichever folder it is started on."""

pytest_plugins = ["notebook_plugin"]
