package index

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestHostileQueries asks what nobody asks in earnest: every answer is hits or a message, and none takes long.
func TestHostileQueries(t *testing.T) {
	t.Parallel()
	s, err := readScript("testdata/broad.script")
	if err != nil {
		t.Fatal(err)
	}
	ix := open(t, s.docs)
	tests := []struct {
		name, query string
		code        string // of the message; empty for hits or none
	}{
		{"ten kilobytes", strings.Repeat("skog ", 2000), ErrTooLong},
		{"ten thousand clauses", strings.Repeat("a OR ", 10000) + "a", ErrTooLong},
		{"as many clauses as letters allow", strings.Repeat("ab ", 300), ErrTooMany},
		{"an open quote", `skog "hav`, ErrOpenQuote},
		{"a lone star", "*", ""},
		{"a leading star", "*skog", ErrLeadingStar},
		{"a star too early", "a*", ErrShortStar},
		{"zero bytes", "skog\x00hav", ""},
		{"nothing but a zero byte", "\x00", ""},
		{"broken UTF-8", "skog\xff\xfe", ""},
		{"a very long word", strings.Repeat("å", 1000), ""},
		{"a very long code", strings.Repeat("cl5", 300), ""},
		{"a code to be cut in many ways", strings.Repeat("1", 40), ""},
		{"32 mistyped words", strings.Repeat("inovatoin ", 32), ""},
		{"32 words with others beside", strings.Repeat("hälsa ", 32), ""},
		{"deep", strings.Repeat("(", 16) + "skog" + strings.Repeat(")", 16), ""},
		{"combining marks", "s" + strings.Repeat("\u0301", 500), ""},
		{"right to left", "\u202eskog", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a minute's work would not end in it
			defer cancel()
			_, err := ix.Search(ctx, Query{Text: tt.query, Now: testNow, Highlight: true, Facets: facets})
			var wrong *QueryError
			switch {
			case tt.code == "" && err != nil:
				t.Errorf("%v", err)
			case tt.code != "" && (!errors.As(err, &wrong) || wrong.Code != tt.code || wrong.Message("sv") == ""):
				t.Errorf("got %v, want code %s", err, tt.code)
			}
		})
	}
}

// TestSearchGivesUp tells that a search ends with its time, also while it mends words.
func TestSearchGivesUp(t *testing.T) {
	t.Parallel()
	s, err := readScript("testdata/broad.script")
	if err != nil {
		t.Fatal(err)
	}
	ix := open(t, s.docs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, q := range []string{"", "skog", "inovation", "skogs*"} {
		if _, err := ix.Search(ctx, Query{Text: q, Now: testNow}); !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v, want that it was cancelled", q, err)
		}
	}
	if res := search(t, ix, Query{Text: "inovation", Now: testNow}); res.Total == 0 {
		t.Error("a search that was given up harmed the index")
	}
}
