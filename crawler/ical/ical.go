// Package ical reads calendars (iCalendar, RFC 5545) of which each event is an item, such as the export of The Events
// Calendar, a plugin of WordPress. Rules name a property by path (SUMMARY, DTSTART, X-ALT-DESC), or search summary and
// description by label and pattern; they come before what every calendar has: title, uid, address, categories, text and
// time of change. What the beginning and the end of an event are for the reader the rules of the source say.
//
//	list     each address whose name begins with "list"
//	detail   the event's own page, if the rules ask for it
package ical

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Kind reads calendars. It implements [kind.Kind].
type Kind struct{}

func documents() []string {
	return []string{"text/calendar", "text/plain", "application/ics", "application/octet-stream"}
}

// Start asks for each calendar.
func (Kind) Start(src kind.Source) []kind.Request { return listing.Start(src, documents()) }

// everywhere is where every calendar has its values. Rules of a source come before it.
func everywhere() []kind.Field {
	at := func(name, path string) kind.Field { return kind.Field{Name: name, Find: kind.Find{Path: path}} }
	return []kind.Field{at("title", "SUMMARY"), at("ref", "UID"), at("url", "URL"), at("topics", "CATEGORIES"), at("text", "DESCRIPTION"),
		at("published", "LAST-MODIFIED"), at("published", "CREATED")}
}

// Parse reads a calendar or the page of an event.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	rules, r, err := listing.Open(src, doc, everywhere()...)
	if err != nil {
		return kind.Page{}, err
	}
	switch doc.Request.Name {
	case listing.NameList:
		return list(src, rules, r, doc)
	case listing.NameDetail:
		return r.DetailPage(rules, doc)
	}
	return kind.Page{}, fmt.Errorf("request %q is none of list, detail", doc.Request.Name)
}

func list(src kind.Source, rules *listing.Rules, r *listing.Reader, doc kind.Document) (kind.Page, error) {
	at, err := listing.ParsePlace(doc.Request.State)
	if err != nil {
		return kind.Page{}, err
	}
	events, err := read(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	zone, err := time.LoadLocation(src.Zone)
	if err != nil || src.Zone == "" {
		zone = call.Brussels()
	}
	shown, err := r.Items(rules, len(events), func(i int, f *listing.Field) []string { return find(events[i], f, zone) })
	if err != nil {
		return kind.Page{}, err
	}
	// A calendar of which nothing lies ahead is a calendar: it says so by its frame.
	p := rules.Page(doc.Request, at, listing.Seen{Items: shown.Count, First: shown.First, Total: len(events)})
	p.Notes = append(p.Notes, shown.Notes...)
	for _, it := range shown.Items {
		// A uid comes once for each time that an event is held.
		if !slices.ContainsFunc(p.Items, func(o kind.Item) bool { return o.Call.Ref == it.Call.Ref }) {
			p.Items = append(p.Items, it)
			p.Next = append(p.Next, rules.Ask(src, it.Call, []string{"text/html", "application/xhtml+xml"})...)
		}
	}
	p.Total = len(p.Items)
	return p, nil
}

// read gives the events that are not called off.
func read(body []byte) ([]*ics.VEvent, error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	upper := bytes.ToUpper(trimmed)
	switch {
	case len(trimmed) == 0:
		return nil, errors.New("it is empty")
	case bytes.HasPrefix(trimmed, []byte("<")):
		return nil, errors.New("a page in HTML in the place of a calendar: the address may have moved")
	case !bytes.HasPrefix(upper, []byte("BEGIN:VCALENDAR")):
		return nil, fmt.Errorf("no calendar: it begins with %q", text.Snippet(text.Clean(string(trimmed[:min(len(trimmed), 200)])), 60))
	case !bytes.HasSuffix(upper, []byte("END:VCALENDAR")):
		return nil, fmt.Errorf("a calendar that is cut off after %d bytes", len(body))
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(trimmed))
	if err != nil {
		return nil, fmt.Errorf("no calendar: %v", err)
	}
	return slices.DeleteFunc(cal.Events(), func(e *ics.VEvent) bool {
		status := e.GetProperty(ics.ComponentPropertyStatus)
		return status != nil && strings.EqualFold(status.Value, "CANCELLED")
	}), nil
}

// find gives what a rule finds in an event.
func find(e *ics.VEvent, f *listing.Field, zone *time.Location) []string {
	if f.Always() {
		return f.Text("")
	}
	if f.Path == "" {
		var whole []string
		for _, name := range []string{"SUMMARY", "DESCRIPTION"} {
			whole = append(whole, property(e, name, zone)...)
		}
		return f.Text(strings.Join(whole, "\n"))
	}
	var out []string
	for _, s := range property(e, strings.ToUpper(f.Path), zone) {
		out = append(out, f.Text(s)...)
	}
	return out
}

func property(e *ics.VEvent, name string, zone *time.Location) []string {
	var out []string
	for _, p := range e.GetProperties(ics.ComponentProperty(name)) {
		value := p.Value
		switch name {
		case "DTSTART", "DTEND", "DUE", "CREATED", "LAST-MODIFIED", "DTSTAMP", "RECURRENCE-ID":
			value = moment(p, zone)
		case "CATEGORIES":
			for _, s := range strings.Split(value, ",") {
				out = append(out, strings.TrimSpace(s))
			}
			continue
		}
		if strings.TrimSpace(value) != "" {
			out = append(out, value)
		}
	}
	return out
}

// moment gives a time as package text reads it. The end of an event of whole days is the day after its last, which is
// nobody's last day; a midnight in a calendar's zone states a day. Zones by the names of Windows, or of the calendar's own, are
// the source's.
func moment(p *ics.IANAProperty, zone *time.Location) string {
	value := strings.TrimSpace(p.Value)
	if t, err := time.Parse("20060102", value); err == nil {
		if p.IANAToken == "DTEND" {
			t = t.AddDate(0, 0, -1)
		}
		return t.Format(time.DateOnly)
	}
	if t, err := time.Parse("20060102T150405Z", value); err == nil {
		return t.In(zone).Format(time.RFC3339)
	}
	in := zone
	if ids := p.ICalParameters["TZID"]; len(ids) > 0 {
		if loc, err := time.LoadLocation(strings.Trim(ids[0], `"`)); err == nil {
			in = loc
		}
	}
	t, err := time.ParseInLocation("20060102T150405", value, in)
	if err != nil {
		return value // what cannot be read is told with its words
	}
	if t.Hour() == 0 && t.Minute() == 0 && p.IANAToken == "DTSTART" {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
