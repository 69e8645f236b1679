package index

import (
	"testing"
	"time"

	"utkik/internal/call"
)

func TestURLsComeBack(t *testing.T) {
	t.Parallel()
	for _, start := range append([]string{"", "http://", "ftp://example.org/"}, urlStarts...) {
		for _, rest := range []string{"", "=", "HORIZON-CL5-2026-D1-01", "å/b?c=d"} {
			url := start + rest
			if got := lengthenURL(shortenURL(url, "HORIZON-CL5-2026-D1-01"), "HORIZON-CL5-2026-D1-01"); got != url {
				t.Errorf("%q came back as %q", url, got)
			}
		}
	}
}

func TestMomentsComeBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		m    call.Moment
		date string
	}{
		{call.Day(2026, 9, 22), "2026-09-22"},
		{call.Day(1969, 12, 31), "1969-12-31"},
		{call.Day(9999, 12, 31), "9999-12-31"},
		{call.At(time.Date(2026, 9, 22, 23, 30, 0, 0, call.Brussels())), "2026-09-22"},
	}
	for _, tt := range tests {
		got, err := decodeMoment([]byte(encodeMoment(tt.m)))
		if err != nil {
			t.Fatal(err)
		}
		date := time.Unix(int64(got.day)*24*60*60, 0).UTC().Format(time.DateOnly)
		if date != tt.date {
			t.Errorf("%v came back as %s", tt.m, date)
		}
		if want := tt.m.End().Unix() / 60; want < 1<<31 && int64(got.end) != want {
			t.Errorf("%v ends at minute %d, want %d", tt.m, got.end, want)
		}
	}
}

func TestLengths(t *testing.T) {
	t.Parallel()
	for n := 1; n < 50000; n = n*9/8 + 1 {
		code := encodeLength(n)
		if code < 1 || code > 127 {
			t.Fatalf("length %d has the code %d", n, code)
		}
		if got := decodeLength(uint64(code)); got < 0.95*float64(n) || got > 1.05*float64(n) {
			t.Errorf("length %d came back as %v", n, got)
		}
	}
}
