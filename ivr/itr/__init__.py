"""The application that answers visitors, and lets them say what they want in their own words."""
