"""Operations that need no person in the picture (or only the person's outline)."""
