"""From outcomes to `report.json`, and to the terminal."""
