"""Old IVRs, read into menus, and written as a dialog."""
