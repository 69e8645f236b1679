package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// A cursor is a place in a list, sealed so that a program need not look inside and a slip of the hand is noticed: the
// first byte is the form, then comes what it is a place of, then the place as JSON, then the beginning of a hash of it all.
// It holds no secret and no time. That nobody can forge one is no aim: it names a place in what its reader may read anyway.
const (
	cursorForm  = 1
	cursorScope = 8 // bytes of the hash of the operation and its filters
	cursorSum   = 4
)

// scopeOf names an operation with its filters. A cursor is of one.
func scopeOf(operation string, filters any) []byte {
	b, err := json.Marshal(filters)
	if err != nil {
		b = fmt.Append(nil, err) // unreachable: filters are texts and numbers
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", operation, b))
	return sum[:cursorScope]
}

// seal makes a cursor of a place.
func seal(scope []byte, place any) string {
	b, err := json.Marshal(place)
	if err != nil {
		return "" // unreachable: places are texts and numbers
	}
	all := bytes.Join([][]byte{{cursorForm}, scope, b}, nil)
	sum := sha256.Sum256(all)
	return base64.RawURLEncoding.EncodeToString(append(all, sum[:cursorSum]...))
}

// unseal reads a cursor of that scope into place.
func unseal(cursor string, scope []byte, place any) error {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) <= 1+cursorScope+cursorSum {
		return badCursor()
	}
	body, sum := b[:len(b)-cursorSum], sha256.Sum256(b[:len(b)-cursorSum])
	switch {
	case !bytes.Equal(sum[:cursorSum], b[len(b)-cursorSum:]):
		return badCursor()
	case body[0] != cursorForm:
		return staleCursor("it is of another version of this service")
	case !bytes.Equal(body[1:1+cursorScope], scope):
		return problemOf(http.StatusBadRequest, "foreign-cursor", "Cursor of another list",
			"the cursor was given by another operation, or for other filters",
			"ask with the same filters as when it was given (limit may change), or leave cursor out to begin anew")
	}
	dec := json.NewDecoder(bytes.NewReader(body[1+cursorScope:]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(place); err != nil {
		return badCursor()
	}
	return nil
}

func badCursor() error {
	return problemOf(http.StatusBadRequest, "bad-cursor", "Cursor not readable",
		"the cursor is none that this service gave, or it was cut or altered on its way",
		"send cursor exactly as \"next\" had it, or leave it out to begin anew")
}

// staleCursor says that the place is not there any more.
func staleCursor(why string) error {
	return problemOf(http.StatusGone, "stale-cursor", "Cursor no longer valid", "the place that the cursor names is gone: "+why,
		"begin anew without cursor; for the change log that means with GET /api/v1/calls, since what happened "+
			"between cannot be told")
}
