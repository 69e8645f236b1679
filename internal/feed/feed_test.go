package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"utkik/internal/call"
)

const hostile = "<script>alert(\"x\")</script> & ]]> \x01\ufffe; en, två\r\nBEGIN:VEVENT\\"

var first = time.Date(2026, 5, 1, 6, 0, 0, 123e6, time.UTC)

func sample() Feed {
	key := call.Key{Source: "ft-portal", Ref: "EuropeAid/1/åäö"}
	return Feed{
		ID: Tag("utkik.example.org:8443", "priority/kultur"), Title: "Kultur & arv", Subtitle: "Utlysningar", Language: "sv", Author: "Regionen", Home: "https://utkik.example.org/?priority=kultur",
		Updated: first.Add(time.Hour),
		Entries: []Entry{
			{ID: CallTag("utkik.example.org", key), Title: "Rail to the north", Language: "en", URL: "https://utkik.example.org/call/ft-portal/1?lang=sv&x=1", Source: "https://ec.europa.eu/x?a=1&b=2",
				Published: first, Updated: first.Add(time.Hour), Text: "Utlysning\n\nSista dag", Tags: []string{"Kultur", "CEF"}},
			{ID: CallTag("utkik.example.org", call.Key{Source: "x", Ref: "2"}), Title: hostile, URL: "https://utkik.example.org/call/x/2", Published: first, Updated: first, Text: hostile, Tags: []string{hostile}},
		},
	}
}

func TestTag(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"utkik.example.org": "tag:utkik.example.org,2026:x", "127.0.0.1:8080": "tag:127.0.0.1,2026:x", "": "tag:,2026:x"} {
		if got := Tag(host, "x"); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
	if got, want := CallTag("h", call.Key{Source: "a", Ref: "b/c d"}), "tag:h,2026:call/a/b%2Fc%20d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAtom(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Feed{"full": sample(), "empty": {ID: "tag:h,2026:x", Title: "T", Language: "en", Author: "A", Home: "https://h/"}} {
		self := "https://utkik.example.org/feeds/priority/kultur.atom?lang=en&q=a"
		out, err := f.Atom(self)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range checkAtom(out, self) {
			t.Errorf("%s: %s", name, problem)
		}
		again, _ := f.Atom(self)
		if !bytes.Equal(out, again) {
			t.Errorf("%s: written twice, two texts", name)
		}
		back, err := gofeed.NewParser().Parse(bytes.NewReader(out))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if back.FeedType != "atom" || back.Title != f.Title || back.FeedLink != self || len(back.Items) != len(f.Entries) || back.Authors[0].Name != f.Author {
			t.Errorf("%s: read back as %v", name, back)
		}
		for i, it := range back.Items {
			e := f.Entries[i]
			if it.GUID != e.ID || it.Link != e.URL || !it.UpdatedParsed.Equal(e.Updated.Truncate(time.Second)) || !strings.HasPrefix(it.Title, strings.Fields(e.Title)[0]) {
				t.Errorf("%s: entry %d read back as %+v", name, i, it)
			}
		}
	}
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// checkAtom holds a document to what RFC 4287 requires, beside what we promise: our own links and languages.
func checkAtom(doc []byte, self string) (bad []string) {
	say := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if !utf8.Valid(doc) || !bytes.HasPrefix(doc, []byte(`<?xml version="1.0" encoding="UTF-8"?>`)) {
		say("no UTF-8 with its declaration")
	}
	type element struct {
		name  xml.Name
		count map[string]int
		links map[string]int
		text  strings.Builder
		attrs map[string]string
	}
	single := map[string]bool{"id": true, "title": true, "updated": true, "subtitle": true, "generator": true, "published": true, "summary": true, "rights": true}
	ids := map[string]bool{}
	var stack []*element
	dec := xml.NewDecoder(bytes.NewReader(doc))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			say("no XML: %v", err)
			return bad
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: tok.Name, count: map[string]int{}, links: map[string]int{}, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			if tok.Name.Space != "http://www.w3.org/2005/Atom" {
				say("%s is of the name space %q", tok.Name.Local, tok.Name.Space)
			}
			if len(stack) > 0 {
				parent := stack[len(stack)-1]
				parent.count[tok.Name.Local]++
				if single[tok.Name.Local] && parent.count[tok.Name.Local] > 1 {
					say("%s has several %s", parent.name.Local, tok.Name.Local)
				}
				if tok.Name.Local == "link" {
					u, err := url.Parse(e.attrs["href"])
					if err != nil || !u.IsAbs() {
						say("link to %q", e.attrs["href"])
					}
					parent.links[e.attrs["rel"]]++
					if e.attrs["rel"] == "self" && e.attrs["href"] != self {
						say("self is %s", e.attrs["href"])
					}
				}
				if tok.Name.Local == "category" && e.attrs["term"] == "" {
					say("category without term")
				}
			} else if tok.Name.Local != "feed" || e.attrs["lang"] == "" {
				say("root is %s in %q", tok.Name.Local, e.attrs["lang"])
			}
			stack = append(stack, e)
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(tok)
			}
		case xml.EndElement:
			e := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			text := e.text.String()
			switch e.name.Local {
			case "feed", "entry":
				for _, must := range []string{"id", "title", "updated"} {
					if e.count[must] != 1 {
						say("%s has %d %s", e.name.Local, e.count[must], must)
					}
				}
				if e.name.Local == "feed" && (e.count["author"] != 1 || e.links["self"] != 1) || e.links["alternate"] != 1 {
					say("%s: author %d, self %d, alternate %d", e.name.Local, e.count["author"], e.links["self"], e.links["alternate"])
				}
			case "id":
				u, err := url.Parse(text)
				if err != nil || !u.IsAbs() {
					say("id %q is no IRI", text)
				}
				if ids[text] {
					say("id %q twice", text)
				}
				ids[text] = true
			case "updated", "published":
				if _, err := time.Parse(time.RFC3339, text); err != nil || !rfc3339.MatchString(text) {
					say("%s %q", e.name.Local, text)
				}
			case "title", "summary", "subtitle":
				if e.attrs["type"] != "text" {
					say("%s of type %q", e.name.Local, e.attrs["type"])
				}
			case "author":
				if e.count["name"] != 1 {
					say("author without name")
				}
			}
		}
	}
	return bad
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Feed{"full": sample(), "empty": {ID: "tag:h,2026:x", Title: "T", Language: "en", Author: "A", Home: "https://h/"}} {
		self := "https://utkik.example.org/feeds/priority/kultur.json"
		out, err := f.JSON(self)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Version, Title, HomePageURL, FeedURL string
			Items                                *[]map[string]any
		}
		raw := map[string]any{}
		if json.Unmarshal(out, &doc) != nil || json.Unmarshal(out, &raw) != nil {
			t.Fatalf("%s: no JSON", name)
		}
		if raw["version"] != "https://jsonfeed.org/version/1.1" || raw["title"] == "" || raw["feed_url"] != self || raw["language"] == "" || doc.Items == nil {
			t.Errorf("%s: %s", name, out)
		}
		ids := map[any]bool{}
		for _, it := range *doc.Items {
			if id, ok := it["id"].(string); !ok || id == "" || ids[id] {
				t.Errorf("%s: id %v", name, it["id"])
			}
			ids[it["id"]] = true
			for _, k := range []string{"date_published", "date_modified"} {
				if s, _ := it[k].(string); !rfc3339.MatchString(s) {
					t.Errorf("%s: %s is %v", name, k, it[k])
				}
			}
			if _, ok := it["content_text"].(string); !ok {
				t.Errorf("%s: an item without content", name)
			}
		}
		back, err := gofeed.NewParser().Parse(bytes.NewReader(out))
		if err != nil || back.FeedType != "json" || len(back.Items) != len(f.Entries) {
			t.Errorf("%s: read back as %v, %v", name, back, err)
		}
	}
}

func moment(t *testing.T, s string) call.Moment {
	t.Helper()
	m, err := call.ParseMoment(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	at := func(d int) time.Time { return time.Date(2026, 6, d, 6, 0, 0, 0, time.UTC) }
	moved := func(d int, from, to string) call.Change {
		return call.Change{At: at(d), Event: call.EventDeadlines, Field: "deadlines", Old: from, New: to}
	}
	for _, tt := range []struct {
		name    string
		days    string // now
		status  call.Status
		gone    time.Time
		changes []call.Change
		want    string // N day sequence[x]
	}{
		{"never changed", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{{At: at(1), Event: call.EventNew}}, "1 2026-09-01 0"},
		{"none", "", call.StatusOpen, time.Time{}, nil, ""},
		{"moved", "2026-09-08", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01", "2026-09-08")}, "1 2026-09-08 1"},
		{"moved twice", "2026-09-15", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01", "2026-09-08"), moved(3, "2026-09-08", "2026-09-15")}, "1 2026-09-15 2"},
		{"there and back", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01", "2026-09-08"), moved(3, "2026-09-08", "2026-09-01")}, "1 2026-09-01 2"},
		{"the second of two", "2026-09-01 2027-02-02", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01, 2027-01-01", "2026-09-01, 2027-02-02")}, "1 2026-09-01 0, 2 2027-02-02 1"},
		{"one comes", "2026-09-01 2027-02-02", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01", "2026-09-01, 2027-02-02")}, "1 2026-09-01 0, 2 2027-02-02 0"},
		{"the first ever", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{moved(2, "", "2026-09-01")}, "1 2026-09-01 0"},
		{"one goes", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01, 2027-02-02", "2026-09-01")}, "1 2026-09-01 0, 2 2027-02-02 1x"},
		{"one goes and comes again", "2026-09-01 2027-02-02", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-09-01, 2027-02-02", "2026-09-01"), moved(3, "2026-09-01", "2026-09-01, 2027-02-02")}, "1 2026-09-01 0, 2 2027-02-02 2"},
		{"a cut-off has passed and is dropped", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{moved(9, "2026-06-04, 2026-09-01", "2026-09-01")}, "1 2026-06-04 0, 2 2026-09-01 0"},
		{"a new one after one that passed", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{moved(9, "2026-06-04", "2026-09-01")}, "1 2026-06-04 0, 2 2026-09-01 0"},
		{"withdrawn", "2026-09-01", call.StatusOpen, at(4), []call.Change{{At: at(4), Event: call.EventWithdrawn}}, "1 2026-09-01 1x"},
		{"withdrawn and back", "2026-09-01", call.StatusOpen, time.Time{}, []call.Change{{At: at(4), Event: call.EventWithdrawn}, {At: at(6), Event: call.EventStatus, Field: "listed"}}, "1 2026-09-01 2"},
		{"closed before its time", "2026-09-01", call.StatusClosed, time.Time{}, []call.Change{{At: at(4), Event: call.EventClosed, Field: "status"}}, "1 2026-09-01 1x"},
		{"closed when it should", "2026-06-03", call.StatusClosed, time.Time{}, []call.Change{{At: at(4), Event: call.EventClosed, Field: "status"}}, "1 2026-06-03 0"},
		{"gone when it should", "2026-06-03", call.StatusOpen, at(6), []call.Change{{At: at(6), Event: call.EventClosed}}, "1 2026-06-03 0"},
		{"closed from the first", "2026-09-01", call.StatusClosed, time.Time{}, nil, "1 2026-09-01 0x"},
		{"another in the store than in the log", "2026-09-08", call.StatusOpen, time.Time{}, []call.Change{moved(2, "2026-08-01", "2026-09-01")}, "1 2026-09-08 2"},
	} {
		c := call.Call{Source: "x", Ref: "1", Status: tt.status}
		for _, d := range strings.Fields(tt.days) {
			c.Deadlines = append(c.Deadlines, moment(t, d))
		}
		var got []string
		for _, d := range Deadlines(&c, tt.changes, at(1), tt.gone) {
			s := fmt.Sprintf("%d %s %d", d.N, d.At.Date(), d.Sequence)
			if d.Cancelled {
				s += "x"
			}
			got = append(got, s)
			if d.Changed.IsZero() {
				t.Errorf("%s: never changed", tt.name)
			}
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, s, tt.want)
		}
	}
	c := call.Call{Deadlines: []call.Moment{moment(t, "2026-09-01T17:00:00+02:00")}}
	if d := Deadlines(&c, []call.Change{moved(2, "2026-08-01", "2026-09-01")}, at(1), time.Time{}); len(d) != 1 || d[0].At.DayOnly() {
		t.Errorf("without its clock time: %+v", d)
	}
}

func calendar(t *testing.T) Calendar {
	t.Helper()
	event := func(ref, day string, d Deadline, title string) Event {
		d.At, d.N = moment(t, day), 1
		d.Changed = first
		return Event{UID: UID("utkik.example.org", call.Key{Source: "ft-portal", Ref: ref}, 1), Deadline: d, Title: title, Text: "Rad ett\n\nRad två, med komma; och semikolon " + strings.Repeat("åäö 🚆 ", 40),
			URL: "https://utkik.example.org/call/ft-portal/" + ref + "?a=1&b=2", Tags: []string{"Kultur, arv", "CEF"}}
	}
	return Calendar{Name: "Utkik: Kultur, arv", Subtitle: "Sista dagar", Language: "sv", Self: "https://utkik.example.org/feeds/private/x.ics", Events: []Event{
		event("summer", "2026-09-22T17:00:00+02:00", Deadline{}, "Sista dag: Järnväg"),
		event("winter", "2027-01-12T17:00:00+01:00", Deadline{Sequence: 3}, strings.Repeat("å", 300)),
		event("elsewhere", "2026-09-22T23:30:00-04:00", Deadline{}, "I New York"),
		event("night", "2026-10-25T02:30:00+02:00", Deadline{}, "Natten då klockan ställs"),
		event("day", "2026-03-29", Deadline{}, "En dag"),
		event("gone;,/\\", "2026-12-01", Deadline{Sequence: 1, Cancelled: true}, hostile),
	}}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	for name, c := range map[string]Calendar{"full": c, "empty": {Name: "Tom", Language: "en"}} {
		out, err := c.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		lines, bad := unfold(out)
		for _, problem := range append(bad, checkCalendar(lines)...) {
			t.Errorf("%s: %s", name, problem)
		}
		again, _ := c.Bytes()
		if !bytes.Equal(out, again) {
			t.Errorf("%s: written twice, two texts", name)
		}
		back, err := ics.ParseCalendar(bytes.NewReader(out))
		if err != nil || len(back.Events()) != len(c.Events) || len(back.Timezones()) != 1 {
			t.Fatalf("%s: read back: %v", name, err)
		}
		for i, v := range back.Events() {
			e := c.Events[i]
			at, err := v.GetStartAt()
			if e.Deadline.At.DayOnly() {
				at, err = v.GetAllDayStartAt()
				if at.Format(time.DateOnly) != e.Deadline.At.Date() {
					t.Errorf("%s: %s begins %s, %v", name, e.UID, at, err)
				}
			} else if err != nil || !at.Equal(e.Deadline.At.Time()) && e.Title != "Natten då klockan ställs" {
				t.Errorf("%s: %s begins %s, %v, want %s", name, e.UID, at, err, e.Deadline.At)
			}
			if v.Id() != e.UID || v.GetProperty("SEQUENCE").Value != strconv.Itoa(e.Deadline.Sequence) {
				t.Errorf("%s: %s read back with another name or sequence", name, e.UID)
			}
			if got := v.GetProperty("DESCRIPTION").Value; got != e.Text {
				t.Errorf("%s: text read back as %q", name, got)
			}
			if n := len(v.Alarms()); n != 2 && !e.Deadline.Cancelled || n != 0 && e.Deadline.Cancelled {
				t.Errorf("%s: %d alarms", name, n)
			}
		}
	}
	if got := c.Updated(); !got.Equal(first) {
		t.Errorf("updated %s", got)
	}
}

// unfold takes content lines apart (RFC 5545, 3.1): CRLF, at most 75 octets, no letter cut in two.
func unfold(doc []byte) (lines, bad []string) {
	if !bytes.HasSuffix(doc, []byte("\r\n")) {
		bad = append(bad, "does not end with a line's end")
	}
	for raw := range strings.SplitSeq(strings.TrimSuffix(string(doc), "\r\n"), "\r\n") {
		if len(raw) > 75 || !utf8.ValidString(raw) || strings.ContainsAny(raw, "\r\n") {
			bad = append(bad, fmt.Sprintf("a line of %d octets: %q", len(raw), raw))
		}
		if raw == "" {
			bad = append(bad, "an empty line")
			continue
		}
		if raw[0] == ' ' || raw[0] == '\t' {
			lines[len(lines)-1] += raw[1:]
			continue
		}
		lines = append(lines, raw)
	}
	for _, l := range lines {
		if strings.IndexFunc(l, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) >= 0 {
			bad = append(bad, fmt.Sprintf("a control character: %q", l))
		}
	}
	return lines, bad
}

var contentLine = regexp.MustCompile(`^([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$`)

// checkCalendar holds unfolded lines to what RFC 5545 requires of a calendar of events.
func checkCalendar(lines []string) (bad []string) {
	say := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	type part struct {
		name  string
		count map[string]int
		value map[string]string
		attrs map[string]string
	}
	once := []string{"UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SUMMARY", "DESCRIPTION", "STATUS", "SEQUENCE", "URL", "TRANSP", "CLASS", "LAST-MODIFIED", "CREATED", "TRIGGER", "ACTION",
		"PRODID", "VERSION", "CALSCALE", "METHOD", "TZID", "TZOFFSETFROM", "TZOFFSETTO"}
	must := map[string][]string{"VCALENDAR": {"PRODID", "VERSION", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "NAME"}, "VEVENT": {"UID", "DTSTAMP", "DTSTART", "SEQUENCE", "STATUS", "SUMMARY"},
		"VALARM": {"ACTION", "TRIGGER", "DESCRIPTION"}, "VTIMEZONE": {"TZID"}, "STANDARD": {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"}, "DAYLIGHT": {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"}}
	within := map[string]string{"VCALENDAR": "", "VEVENT": "VCALENDAR", "VALARM": "VEVENT", "VTIMEZONE": "VCALENDAR", "STANDARD": "VTIMEZONE", "DAYLIGHT": "VTIMEZONE"}
	uids, zones, used := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var stack []*part
	for _, l := range lines {
		m := contentLine.FindStringSubmatch(l)
		if m == nil {
			say("no content line: %q", l)
			continue
		}
		name, attrs, value := m[1], m[2], m[3]
		switch name {
		case "BEGIN":
			outer := ""
			if len(stack) > 0 {
				outer = stack[len(stack)-1].name
			}
			if want, ok := within[value]; !ok || want != outer {
				say("%s within %q", value, outer)
			}
			stack = append(stack, &part{value, map[string]int{}, map[string]string{}, map[string]string{}})
			continue
		case "END":
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if p.name != value {
				say("%s ends as %s", p.name, value)
			}
			for _, k := range must[p.name] {
				if p.count[k] == 0 {
					say("%s without %s", p.name, k)
				}
			}
			for _, k := range once {
				if p.count[k] > 1 {
					say("%s with several %s", p.name, k)
				}
			}
			switch p.name {
			case "VEVENT":
				if p.count["DTEND"] > 0 && p.count["DURATION"] > 0 {
					say("DTEND and DURATION")
				}
				if uids[p.value["UID"]] {
					say("UID %s twice", p.value["UID"])
				}
				uids[p.value["UID"]] = true
				if p.attrs["DTSTART"] != p.attrs["DTEND"] && p.count["DTEND"] > 0 {
					say("begins as %q, ends as %q", p.attrs["DTSTART"], p.attrs["DTEND"])
				}
				if s := p.value["STATUS"]; s != "CONFIRMED" && s != "CANCELLED" && s != "TENTATIVE" {
					say("status %q", s)
				}
			case "VTIMEZONE":
				zones[p.value["TZID"]] = true
			case "VCALENDAR":
				if p.value["VERSION"] != "2.0" {
					say("version %q", p.value["VERSION"])
				}
			}
			continue
		}
		if len(stack) == 0 {
			say("%s outside of everything", name)
			continue
		}
		p := stack[len(stack)-1]
		p.count[name]++
		p.value[name], p.attrs[name] = value, attrs
		switch name {
		case "DTSTAMP", "LAST-MODIFIED", "CREATED":
			if _, err := time.Parse("20060102T150405Z", value); err != nil {
				say("%s %q", name, value)
			}
		case "DTSTART", "DTEND":
			layout := "20060102T150405"
			switch {
			case attrs == ";VALUE=DATE":
				layout = "20060102"
			case strings.HasPrefix(attrs, ";TZID="):
				used[strings.TrimPrefix(attrs, ";TZID=")] = true
			case p.name == "VEVENT":
				say("%s%s:%s is on nobody's clock", name, attrs, value)
			}
			if _, err := time.Parse(layout, value); err != nil {
				say("%s%s:%s", name, attrs, value)
			}
		case "SEQUENCE":
			if n, err := strconv.Atoi(value); err != nil || n < 0 {
				say("sequence %q", value)
			}
		case "TRIGGER", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "DURATION":
			if !regexp.MustCompile(`^[+-]?P(\d+W|(\d+D)?(T(\d+H(\d+M)?(\d+S)?|\d+M(\d+S)?|\d+S))?)$`).MatchString(value) || strings.HasSuffix(value, "P") {
				say("%s %q", name, value)
			}
		case "TZOFFSETFROM", "TZOFFSETTO":
			if !regexp.MustCompile(`^[+-]\d{4}$`).MatchString(value) {
				say("%s %q", name, value)
			}
		case "SUMMARY", "DESCRIPTION", "NAME", "CATEGORIES", "X-WR-CALNAME", "UID":
			if regexp.MustCompile(`(^|[^\\])(\\\\)*([;,]|\\[^\\;,nN]|\\$)`).MatchString(value) {
				say("%s is not escaped: %q", name, value)
			}
		case "URL", "SOURCE":
			if u, err := url.Parse(value); err != nil || !u.IsAbs() {
				say("%s %q", name, value)
			}
		}
	}
	if len(stack) > 0 {
		say("%s does not end", stack[0].name)
	}
	for z := range used {
		if !zones[z] {
			say("zone %s is used and not said", z)
		}
	}
	return bad
}

// TestZone holds our rule of the zone against the zone itself, hour by hour around every change of clocks.
func TestZone(t *testing.T) {
	t.Parallel()
	var summer, winter [2]time.Duration // from, to
	rule := map[string]string{}
	for _, c := range brussels().Components {
		var p *ics.ComponentBase
		name := ""
		switch c := c.(type) {
		case *ics.Daylight:
			p, name = &c.ComponentBase, "DAYLIGHT"
		case *ics.Standard:
			p, name = &c.ComponentBase, "STANDARD"
		}
		for _, k := range []string{"DTSTART", "RRULE", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"} {
			rule[name+k] = p.GetProperty(ics.ComponentProperty(k)).Value
		}
	}
	if rule["DAYLIGHTRRULE"] != "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" || rule["STANDARDRRULE"] != "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU" {
		t.Fatalf("rules %v", rule)
	}
	offset := func(s string) time.Duration {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(n/100) * time.Hour
	}
	summer = [2]time.Duration{offset(rule["DAYLIGHTTZOFFSETFROM"]), offset(rule["DAYLIGHTTZOFFSETTO"])}
	winter = [2]time.Duration{offset(rule["STANDARDTZOFFSETFROM"]), offset(rule["STANDARDTZOFFSETTO"])}
	clock := func(s string) time.Duration {
		at, err := time.Parse("20060102T150405", s)
		if err != nil || at.Weekday() != time.Sunday {
			t.Fatalf("%s: %v", s, err)
		}
		return time.Duration(at.Hour()) * time.Hour
	}
	lastSunday := func(year int, m time.Month) time.Time {
		d := time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC)
		return d.AddDate(0, 0, -int(d.Weekday()))
	}
	for year := 1997; year <= 2037; year++ {
		begins := lastSunday(year, 3).Add(clock(rule["DAYLIGHTDTSTART"]) - summer[0]) // in UTC
		ends := lastSunday(year, 10).Add(clock(rule["STANDARDDTSTART"]) - winter[0])
		for _, around := range []time.Time{begins, ends, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)} {
			for h := -30; h <= 30; h++ {
				at := around.Add(time.Duration(h)*time.Hour - time.Minute*30)
				want, name := winter[1], rule["STANDARDTZNAME"]
				if !at.Before(begins) && at.Before(ends) {
					want, name = summer[1], rule["DAYLIGHTTZNAME"]
				}
				gotName, got := at.In(call.Brussels()).Zone()
				if time.Duration(got)*time.Second != want || gotName != name {
					t.Fatalf("%s: the zone is %s %d, our rule says %s %s", at, gotName, got, name, want)
				}
			}
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"kort": "kort", "ett två tre fyra": "ett två…", strings.Repeat("å", 20): strings.Repeat("å", 10) + "…"} {
		if got := Cut(in, 10); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if d := cmp.Diff("", Cut("", 10)); d != "" {
		t.Error(d)
	}
}
