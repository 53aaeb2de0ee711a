"""Results for people: `table` for terminals and Markdown, `flat` for spreadsheets."""
