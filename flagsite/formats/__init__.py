"""How the admin writes moments: Django reads them from here, by the setting FORMAT_MODULE_PATH."""
