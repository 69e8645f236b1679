package index

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, want string }{
		{"", ""},
		{"  –  & / - ", ""},
		{`""`, ""},
		{"skog", "skog"},
		{"skog  trä", "skog trä"},
		{"skog AND trä OCH virke", "skog trä virke"},
		{"skog OR trä ELLER virke", "skog OR trä OR virke"},
		{"skog trä OR virke", "skog trä OR virke"},
		{"skog (trä OR virke)", "skog (trä OR virke)"},
		{"((skog)) (trä virke)", "skog trä virke"},
		{"(a OR (b OR c))", "a OR b OR c"},
		{"-skog", "-skog"},
		{"--skog", "skog"},
		{"NOT skog INTE trä", "-skog -trä"},
		{"-(skog OR trä)", "-(skog OR trä)"},
		{"- skog", "skog"},
		{"e-hälsa R&D", "e-hälsa R&D"},
		{`"skog och trä"`, `"skog och trä"`},
		{`”skog   trä”`, `"skog trä"`},
		{`«skog» -"trä"`, `"skog" -"trä"`},
		{"skogs*", "skogs*"},
		{"HORIZON-CL5-*", "HORIZON-CL5-"},
		{"EU:s 2011:7 https://example.org/a", "EU:s 2011:7 https://example.org/a"},
		{"status:open", "status:open"},
		{"Status:Öppen", "status:open"},
		{"typ:remiss", "kind:consultation"},
		{"källa:ft-portal", "source:ft-portal"},
		{`programme:"Have Your Say"`, `programme:"Have Your Say"`},
		{"titel:skogs*", "title:skogs*"},
		{`title:"hållbar stad"`, `title:"hållbar stad"`},
		{"-status:closed deadline:2026-09-01..2026-12-31", "-status:closed deadline:2026-09-01..2026-12-31"},
		{"deadline:2026-09-22", "deadline:2026-09-22"},
		{"deadline:2026-09", "deadline:2026-09-01..2026-09-30"},
		{"deadline:2026", "deadline:2026-01-01..2026-12-31"},
		{"opens:>=2026-09-01", "opens:>=2026-09-01"},
		{"opens:>2026-09", "opens:>=2026-10-01"},
		{"deadline:<2026-10-01", "deadline:<=2026-09-30"},
		{"deadline:..2026-10", "deadline:<=2026-10-31"},
		{"deadline:2026-10..", "deadline:>=2026-10-01"},
	}
	for _, tt := range tests {
		n, err := Parse(tt.query)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.query, err)
			continue
		}
		got := ""
		if n != nil {
			got = n.String()
		}
		if got != tt.want {
			t.Errorf("Parse(%q) = %q, want %q", tt.query, got, tt.want)
		}
		checkRoundTrip(t, got)
	}
}

func checkRoundTrip(t *testing.T, plain string) {
	t.Helper()
	n, err := Parse(plain)
	if err != nil {
		t.Errorf("Parse(%q), which String wrote: %v", plain, err)
		return
	}
	again := ""
	if n != nil {
		again = n.String()
	}
	if again != plain {
		t.Errorf("Parse(%q).String() = %q", plain, again)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		query string
		code  string
		pos   int
		in    string // of the English message
		inSV  string
	}{
		{`skog "trä`, ErrOpenQuote, 6, "not closed", "saknar sitt slut"},
		{"skog (trä", ErrOpenParen, 6, "(forest OR wood)", "(skog OR trä)"},
		{"skog) trä", ErrStrayClose, 5, "never opened", "aldrig öppnats"},
		{"OR skog", ErrBareOr, 1, "both sides", "båda sidor"},
		{"skog ELLER", ErrBareOr, 6, "forest ELLER wood", "skog ELLER trä"},
		{"skog OR OR trä", ErrBareOr, 9, "both sides", "båda sidor"},
		{"(skog OR )", ErrBareOr, 7, "both sides", "båda sidor"},
		{"skog NOT", ErrBareNot, 6, "-forest", "-skog"},
		{"å ä prio:klimat", ErrUnknownField, 5, "action, budget, call, deadline", `fält "prio"`},
		{"status:maybe", ErrUnknownValue, 8, "closed, forthcoming, open", "closed, forthcoming, open"},
		{"skog title:", ErrNoValue, 6, "title:words", "title:ord"},
		{`source:""`, ErrNoValue, 1, "source:", "source:"},
		{"deadline:igår", ErrBadDate, 10, "deadline:2026-09-22", "inget datum"},
		{"deadline:2026-02-30", ErrBadDate, 10, "no date", "inget datum"},
		{"deadline:..", ErrBadDate, 10, "no date", "inget datum"},
		{"deadline:2026-12..2026-09", ErrBackwards, 10, "deadline:2026-09..2026-12", "deadline:2026-09..2026-12"},
		{"*skog", ErrLeadingStar, 1, "write skog", "skriv skog"},
		{"trä sko*g", ErrInnerStar, 8, "sko*", "sko*"},
		{"sk*", ErrShortStar, 3, "at least 3", "minst 3"},
		{strings.Repeat("å", 1001), ErrTooLong, 1001, "at most 1000", "högst 1000"},
		{strings.Repeat("skog ", 33), ErrTooMany, 1, "at most 32", "högst 32"},
		{strings.Repeat("(", 17) + "a", ErrTooDeep, 17, "more than 16", "mer än 16"},
		{strings.Repeat("-", 17) + "a", ErrTooDeep, 17, "more than 16", "mer än 16"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.query)
		var qe *QueryError
		if !errors.As(err, &qe) {
			t.Errorf("Parse(%.40q) = %v, want a query error", tt.query, err)
			continue
		}
		if qe.Code != tt.code || qe.Pos != tt.pos {
			t.Errorf("Parse(%.40q): code %s at %d, want %s at %d", tt.query, qe.Code, qe.Pos, tt.code, tt.pos)
		}
		if !strings.Contains(qe.Error(), tt.in) || !strings.Contains(qe.Message("sv"), tt.inSV) {
			t.Errorf("Parse(%.40q): %q and %q, want %q and %q in them", tt.query, qe.Error(), qe.Message("sv"), tt.in, tt.inSV)
		}
		if s := qe.Error() + qe.Message("sv"); strings.Contains(s, "%!") {
			t.Errorf("Parse(%.40q): message %q lacks an argument", tt.query, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`a OR (b -c) "d e" title:f* deadline:2026-01..`, "((", "-(-a)", "källa:x", "”å”*", "a:b:c", "NOT NOT a", "OR", "*", "a- (-b)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			var qe *QueryError
			if !errors.As(err, &qe) || qe.Pos < 1 || qe.Message("sv") == "" || strings.Contains(qe.Error(), "%!(") && !strings.Contains(s, "%!(") {
				t.Fatalf("Parse(%q): %v", s, err)
			}
			return
		}
		if n == nil {
			return
		}
		plain := n.String()
		again, err := Parse(plain)
		if err != nil {
			var qe *QueryError // the plain form may be longer than what was typed: (2026 for a range of days)
			if errors.As(err, &qe) && qe.Code == ErrTooLong {
				return
			}
			t.Fatalf("Parse(%q), which String wrote of %q: %v", plain, s, err)
		}
		if again == nil || again.String() != plain {
			t.Fatalf("Parse(%q).String() = %v", plain, again)
		}
	})
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                "",
		"skog":                            `"skog"`,
		"skog OR (virke trä) -vägen":      `"skog" OR "virke" "trä" -vägen`,
		`"hållbar stad" skogs* kind:call`: `"hållbar stad" skogs* kind:call`,
	} {
		if got, err := Literal(in); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
	}
	if _, err := Literal("("); err == nil {
		t.Error("a wrong query is taken")
	}
}

func TestLoosened(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]Less{
		"":                              nil,
		"skog":                          nil,
		"skog OR virke":                 nil,
		"skog -virke":                   {{"-virke", "skog"}},
		`skog "hållbar stad" kind:call`: {{"skog", `"hållbar stad" kind:call`}, {`"hållbar stad"`, "skog kind:call"}, {"kind:call", `skog "hållbar stad"`}},
		"skog (virke OR trä)":           {{"skog", "virke OR trä"}, {"virke OR trä", "skog"}},
	} {
		if got, err := Loosened(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", in, got, err, want)
		}
	}
	if _, err := Loosened("("); err == nil {
		t.Error("a wrong query is taken")
	}
}

// TestValue: what is written for a value finds that value, whatever is in it.
func TestValue(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"CEF": "programme:CEF", "under-1m": "programme:under-1m", "Have Your Say": `programme:"Have Your Say"`, `a "b" c`: `programme:"a b c"`,
		"Remiss – Finans": `programme:"Remiss – Finans"`, "a*": `programme:"a*"`, "x:y": `programme:"x:y"`, "": "programme:",
	} {
		if got := Value("programme", in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
