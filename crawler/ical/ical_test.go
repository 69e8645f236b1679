package ical

import (
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
)

var _ kind.Kind = Kind{}

var source = kind.Source{ID: "x", Kind: "ical", Home: "https://example.org/", Zone: "Europe/Oslo", Language: "nb",
	Address: map[string]string{"list": "https://example.org/kalender/?ical=1"},
	Rules: kind.Rules{Fields: []kind.Field{
		{Name: "opens", Find: kind.Find{Path: "DTSTART"}}, {Name: "deadlines", Find: kind.Find{Path: "DTEND"}},
	}}}

func document(body string) kind.Document {
	return kind.Document{Request: kind.Request{Name: listing.NameList, State: "list=list&page=1"}, URL: "https://example.org/kalender/?ical=1",
		Body: []byte(strings.ReplaceAll(body, "\n", "\r\n")), Fetched: time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)}
}

// TestTimes reads the ways in which calendars write times.
func TestTimes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"DTSTART;VALUE=DATE:20260901\nDTEND;VALUE=DATE:20261016":                                           "2026-09-01 2026-10-15",
		"DTSTART;TZID=Europe/Oslo:20260901T000000\nDTEND;TZID=Europe/Oslo:20261015T160000":                 "2026-09-01 2026-10-15T16:00:00+02:00",
		"DTSTART:20260901T080000Z\nDTEND:20261015T140000Z":                                                 "2026-09-01T10:00:00+02:00 2026-10-15T16:00:00+02:00",
		"DTSTART;TZID=W. Europe Standard Time:20260901T090000\nDTEND;TZID=Europe/Helsinki:20261015T160000": "2026-09-01T09:00:00+02:00 2026-10-15T16:00:00+03:00",
		"DTSTART;VALUE=DATE:20260901":                                                                      "2026-09-01 ",
	} {
		p, err := Kind{}.Parse(source, document("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1@x\nSUMMARY:Utlysning\n"+in+"\nEND:VEVENT\nEND:VCALENDAR\n"))
		if err != nil || len(p.Items) != 1 {
			t.Errorf("%s: %+v, %v", in, p, err)
			continue
		}
		last, _ := p.Items[0].Call.LastDeadline()
		if got := p.Items[0].Call.Opens.String() + " " + last.String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestNoCalendar says what a document is that is no calendar.
func TestNoCalendar(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                             "it is empty",
		"<!DOCTYPE html>":              "a page in HTML",
		"words":                        "no calendar",
		"BEGIN:VCALENDAR\nVERSION:2.0": "cut off",
	} {
		_, err := Kind{}.Parse(source, document(body))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", body, err, want)
		}
	}
	if p, err := (Kind{}).Parse(source, document("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n")); err != nil || len(p.Items) > 0 || p.Listing == "" || p.Total != 0 {
		t.Errorf("an empty calendar: %+v, %v", p, err)
	}
}

// FuzzParse: whatever comes is read or refused, and what is read can be kept.
func FuzzParse(f *testing.F) {
	f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\\, B\\n C\nDTSTART;VALUE=DATE:20260901\nDTEND;TZID=\"X\":20261015T160000\nEND:VEVENT\nEND:VCALENDAR")
	f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:a\n b\nCATEGORIES:a,,b\nEND:VEVENT\nEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, body string) {
		p, err := Kind{}.Parse(source, document(body))
		if err != nil && len(p.Items)+len(p.Notes) > 0 {
			t.Errorf("error %q with page %+v", err, p)
		}
		for _, it := range p.Items {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if _, err := call.Encode(&it.Call); err != nil {
				t.Error(err)
			}
		}
	})
}
