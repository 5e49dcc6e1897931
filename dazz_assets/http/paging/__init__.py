"""From one page of a list to the next: paginators, walks, pages fetched ahead, and signs of pages not read."""
