"""Operations and the contracts they are executed under; who is followed by nobody."""
