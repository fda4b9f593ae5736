"""Values in what people say: numbers, dates, amounts, choices, in Chinese and English."""
