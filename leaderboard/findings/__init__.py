"""What the committed results say: `questions` measures the numbers, `wording` words sentences by rule from them, `report` lists them."""
