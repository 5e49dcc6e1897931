"""Values of settings made with the wrong arguments."""

from dazz_assets import (
    ApiKey,
    Basic,
    BearerToken,
    Budget,
    Cursor,
    CursorToken,
    GraphQLCursor,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Rate,
)

LinkHeader("x")  # error
NextLink()  # error
NextLink(1)  # error
NextLink(path=None)  # error
CursorToken("x")  # error
CursorToken("x", "y", "z")  # error
PageNumber(size="x")  # error
PageNumber(start=0)  # error
Offset(size=1.5)  # error
GraphQLCursor()  # error
GraphQLCursor("x", next_query=1)  # error
Budget("x")  # error
Budget("x", "y")  # error
Rate("100", per=60)  # error
Rate()  # error
Cursor()  # error
Cursor(1)  # error
Cursor("x", order="up")  # error
Cursor("x", lookback=3600)  # error
Cursor("x", since=1)  # error
BearerToken()  # error
ApiKey(query="x")  # error
Basic("x")  # error
