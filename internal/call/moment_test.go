package call

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func moment(t *testing.T, s string) Moment {
	t.Helper()
	m, err := ParseMoment(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseMoment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, want, date, end string
		day                 bool
	}{
		{"2026-09-22", "2026-09-22", "2026-09-22", "2026-09-22T22:00:00Z", true},
		{"2026-01-22", "2026-01-22", "2026-01-22", "2026-01-22T23:00:00Z", true},
		{"2026-03-29", "2026-03-29", "2026-03-29", "2026-03-29T22:00:00Z", true}, // 23 hours long
		{"2026-10-25", "2026-10-25", "2026-10-25", "2026-10-25T23:00:00Z", true}, // 25 hours long
		{"2026-09-22T17:00:00+02:00", "2026-09-22T17:00:00+02:00", "2026-09-22", "2026-09-22T15:00:00Z", false},
		{"2026-09-22T17:00:59.999+02:00", "2026-09-22T17:00:00+02:00", "2026-09-22", "2026-09-22T15:00:00Z", false},
		{"2026-12-22T23:59:00+01:00", "2026-12-22T23:59:00+01:00", "2026-12-22", "2026-12-22T22:59:00Z", false},
		{"2026-09-22T17:00:00+03:00", "2026-09-22T17:00:00+03:00", "2026-09-22", "2026-09-22T14:00:00Z", false},
		{"2026-09-22T23:30:00Z", "2026-09-22T23:30:00Z", "2026-09-22", "2026-09-22T23:30:00Z", false},
		{"2026-09-22T00:00:00+02:00", "2026-09-22T00:00:00+02:00", "2026-09-22", "2026-09-21T22:00:00Z", false},
	} {
		m := moment(t, tt.in)
		if m.String() != tt.want || m.Date() != tt.date || m.DayOnly() != tt.day {
			t.Errorf("ParseMoment(%q) = %s, %s, %v; want %s, %s, %v", tt.in, m, m.Date(), m.DayOnly(), tt.want, tt.date, tt.day)
		}
		if got := m.End().UTC().Format(time.RFC3339); got != tt.end {
			t.Errorf("ParseMoment(%q).End() = %s, want %s", tt.in, got, tt.end)
		}
		if again := moment(t, m.String()); !again.Equal(m) || again.Compare(m) != 0 {
			t.Errorf("ParseMoment(%q) = %s, read again %s", tt.in, m, again)
		}
		if m.Passed(m.End().Add(-time.Nanosecond)) || !m.Passed(m.End()) {
			t.Errorf("ParseMoment(%q) does not pass at its end", tt.in)
		}
	}
	for _, in := range []string{"", "2026-9-22", "2026-02-30", "22/09/2026", "2026-09-22 17:00", "2026-09-22T17:00:00", " 2026-09-22"} {
		if m, err := ParseMoment(in); err == nil {
			t.Errorf("ParseMoment(%q) = %s, want an error", in, m)
		}
	}
}

func TestMomentZero(t *testing.T) {
	t.Parallel()
	var m Moment
	if !m.IsZero() || m.String() != "" || m.Date() != "" || m.Passed(time.Now()) || !m.Equal(At(time.Time{})) {
		t.Errorf("the zero Moment says %q, %q", m.String(), m.Date())
	}
	if err := m.UnmarshalText([]byte("2026-09-22")); err != nil || m.IsZero() {
		t.Errorf("UnmarshalText: %s, %v", m, err)
	}
	if err := m.UnmarshalText([]byte("soon")); err == nil || m.Date() != "2026-09-22" {
		t.Errorf("a wrong text changed the moment to %s, error %v", m, err)
	}
	if err := m.UnmarshalText(nil); err != nil || !m.IsZero() {
		t.Errorf("UnmarshalText of nothing: %s, %v", m, err)
	}
}

func TestMomentOrder(t *testing.T) {
	t.Parallel()
	// A day ends after every clock time of it, and as the next day begins.
	want := []string{"2026-09-21", "2026-09-22T09:00:00+02:00", "2026-09-22T17:00:00+02:00", "2026-09-22", "2026-09-23T08:00:00+03:00"}
	var got []Moment
	for _, s := range []int{4, 2, 0, 3, 1} {
		got = append(got, moment(t, want[s]))
	}
	slices.SortFunc(got, Moment.Compare)
	for i, m := range got {
		if m.String() != want[i] {
			t.Errorf("place %d: %s, want %s", i, m, want[i])
		}
	}
	if Day(2026, time.September, 22).Equal(moment(t, "2026-09-22T00:00:00+02:00")) {
		t.Error("a day equals its midnight")
	}
}

func TestMomentJSON(t *testing.T) {
	t.Parallel()
	type row struct {
		M  Moment   `json:"m,omitzero"`
		Ms []Moment `json:"ms,omitempty"`
	}
	in := row{Day(2026, time.March, 4), []Moment{At(time.Date(2026, 3, 4, 17, 0, 0, 0, Brussels()))}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"m":"2026-03-04","ms":["2026-03-04T17:00:00+01:00"]}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	if b, err := json.Marshal(row{}); err != nil || string(b) != "{}" {
		t.Errorf("empty: %s, %v", b, err)
	}
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"2026-09-22", "2026-09-22T17:00:00+02:00", "2026-09-22T17:00:00.5Z", "0001-01-01", "9999-12-31T23:59:59-12:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoment(s)
		if err != nil {
			return
		}
		again, err := ParseMoment(m.String())
		if m.IsZero() {
			return
		}
		if err != nil || !again.Equal(m) {
			t.Fatalf("ParseMoment(%q) = %s, read again %s, %v", s, m, again, err)
		}
	})
}
