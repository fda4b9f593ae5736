"""An application that lets whoever installs a line hear, within a minute, whether it works both ways."""
