// Package vinnova reads the open data of Vinnova, Sweden's innovation agency. A programme has calls (utlysningar), a
// call has application rounds (ansökningsomgångar), and a round is what somebody can apply to: it is the item.
//
//	rounds       every round that was changed since a day: what, who, how, dates, documents
//	calls        the calls that the rounds belong to: their titles
//	programmes   the programmes that the calls belong to: their titles
//
// The day of "changed since" is part of the address, which is data: an earlier one gives more and slower answers (2015
// timed out once). A round that is announced with no more than a month and one that is open are the same item: its
// number outlives the announcement.
package vinnova

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Kind reads the open data. It implements [kind.Kind], [kind.Gatherer] and [kind.Scrubber].
type Kind struct{}

// Names of requests, and so of pages.
const (
	nameRounds     = "rounds"
	nameCalls      = "calls"
	nameProgrammes = "programmes"
)

// keepClosed is how long a round stands in the listing after it closed: the next one of its kind is usually a year away.
const keepClosed = 400 * 24 * time.Hour

// Start asks for the three lists. Without a day in its address each answers with documentation in HTML, status 200.
func (Kind) Start(src kind.Source) []kind.Request {
	var out []kind.Request
	for _, name := range []string{nameRounds, nameCalls, nameProgrammes} {
		if address := src.Address[name]; address != "" {
			out = append(out, kind.Request{Name: name, URL: address, Accept: []string{"application/json"}})
		}
	}
	return out
}

// Scrub takes out whoever is named: KontaktLista holds names, telephone numbers and mail addresses of persons, in rounds
// and in calls.
func (Kind) Scrub(_ kind.Source, doc kind.Document) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(unmarked(doc.Body)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("no JSON: %v", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(withoutPersons(v)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func withoutPersons(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if strings.HasPrefix(strings.ToLower(key), "kontakt") {
				delete(v, key)
				continue
			}
			v[key] = withoutPersons(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = withoutPersons(inner)
		}
	}
	return v
}

// unmarked is a body without the byte order mark that some answers begin with.
func unmarked(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// Parse reads one list.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	var p kind.Page
	var err error
	switch doc.Request.Name {
	case nameRounds:
		p, err = parseRounds(src, doc)
	case nameCalls, nameProgrammes:
		p, err = parseParents(doc)
	default:
		err = fmt.Errorf("request %q is none of rounds, calls, programmes", doc.Request.Name)
	}
	if err != nil {
		return kind.Page{}, fmt.Errorf("answer to %s: %w", doc.Request.Name, err)
	}
	return p, nil
}

// rows gives the entries of a list.
func rows(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimSpace(unmarked(body))
	if len(body) == 0 {
		return nil, errors.New("it is empty")
	}
	if body[0] == '<' {
		return nil, errors.New("HTML instead of JSON: without a day in its address the API shows its documentation")
	}
	var out []json.RawMessage
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, fmt.Errorf("no list in JSON: %v", err)
	}
	if len(out) == 0 {
		return nil, errors.New("an empty list: there is always something that was changed")
	}
	return out, nil
}

// parent is a call or a programme.
type parent struct {
	Number    string `json:"Diarienummer"`
	Programme string `json:"DiarienummerProgram"` // of a call
	Title     string `json:"Titel"`
}

// parseParents reads titles as labels: of a call "programme's number title", of a programme its title.
func parseParents(doc kind.Document) (kind.Page, error) {
	list, err := rows(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	p := kind.Page{Total: -1, Labels: map[string]string{}}
	for _, raw := range list {
		var x parent
		if decode(raw, &x) != nil || x.Number == "" {
			continue // a title less: the round stands without it
		}
		label := stated(x.Title)
		if doc.Request.Name == nameCalls {
			label = strings.TrimSpace(x.Programme) + " " + label
		}
		p.Labels[doc.Request.Name+" "+x.Number] = label
	}
	if len(p.Labels) == 0 {
		return kind.Page{}, errors.New("no entry of the list has a Diarienummer")
	}
	return p, nil
}

// decode reads an entry; fields of an impossible type are left out.
func decode(raw json.RawMessage, into any) error {
	err := json.Unmarshal(raw, into)
	if odd := (*json.UnmarshalTypeError)(nil); errors.As(err, &odd) && odd.Field != "" {
		return nil // the decoder went on after it
	}
	return err
}

func parseRounds(src kind.Source, doc kind.Document) (kind.Page, error) {
	list, err := rows(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	p := kind.Page{Listing: nameRounds, Total: -1}
	for i, raw := range list {
		var r round
		if err := decode(raw, &r); err != nil || strings.TrimSpace(r.Diarienummer) == "" {
			p.Notes = append(p.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("round %d of the list has no Diarienummer and cannot be kept: %s", i+1, text.Snippet(text.Clean(string(raw)), 160))})
			continue
		}
		if r.Publik != nil && *r.Publik == 0 {
			continue // only who is invited may apply
		}
		item, notes := r.item(src, doc.Fetched)
		if last, ok := item.Call.LastDeadline(); ok && doc.Fetched.Sub(last.End()) > keepClosed {
			continue
		}
		p.Items, p.Notes = append(p.Items, item), append(p.Notes, notes...)
	}
	return p, nil
}

// Gather puts the titles of call and programme beside each round.
func (Kind) Gather(_ kind.Source, pages []kind.Page) kind.Gathered {
	labels := map[string]string{}
	for _, p := range pages {
		for key, label := range p.Labels {
			labels[key] = label
		}
	}
	var g kind.Gathered
	for _, it := range kind.Merge(pages) {
		c := &it.Call
		programme, title, _ := strings.Cut(labels[nameCalls+" "+c.Call], " ")
		if title != c.Title {
			c.CallTitle = title
		}
		if name := labels[nameProgrammes+" "+programme]; name != "" {
			c.Divisions = []string{name}
		}
		g.Items = append(g.Items, it)
	}
	return g
}

// round is an application round: every field that the API documents, but those that name persons. What the kind reads
// and does not need is there for the test that compares the two.
type round struct {
	Diarienummer             string
	DiarienummerUtlysning    string
	Titel                    string
	Beskrivning              string
	TitelEngelska            string // "x" where nothing is translated
	BeskrivningEngelska      string // likewise
	Oppningsdatum            string
	Stangningsdatum          string // local, without zone: 2017-03-02T14:00:00; 1900-01-01 is none
	DagligAvlasning          flag   // applications are taken in every day until it closes
	AvlasningstillfalleLista any    // other days on which they are taken in
	UppskattatBeslutsdatum   string
	TidigastProjektstart     string
	SenastProjektstart       string
	SenastProjektslut        string
	DokumentLista            []document
	LankLista                []address
	Publik                   *flag // 0: only who is invited may apply
	Webbsida                 flag
	AnnonseringslägeÅr       any  // of a round that is announced: when it may open, 2027
	AnnonseringslägePeriod   any  // and a month by its name, or "Våren", "Q3"
	Extern                   flag // somebody else takes the applications
	WebTextLista             []webText
}

type document struct {
	Titel       string
	Beskrivning string
	FileName    string
	DokumentID  string
	FileURL     string `json:"fileURL"`
	Lang        string // Sv, En, or null
	Primary     bool
}

type address struct {
	Beskrivning string
	URL         string
}

// webText is one of the short texts of a round: 1 what, 2 who, 3 how, 4 why.
type webText struct {
	TextID any // "1" or 1
	TextSv string
	TextEn string
}

// flag is 1 or 0, or true or false, or either in quotes.
type flag int

func (f *flag) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "1", "1.0", "true":
		*f = 1
	default:
		*f = 0
	}
	return nil
}

// stated gives a text; none where it stands for a translation that was not made: "x", "xx".
func stated(s string) string {
	s = text.Clean(s)
	if strings.Trim(strings.ToLower(s), "x") == "" {
		return ""
	}
	return s
}

func (r *round) item(src kind.Source, now time.Time) (kind.Item, []kind.Note) {
	ref := strings.TrimSpace(r.Diarienummer)
	c := call.Call{
		Source: src.ID, Ref: ref, Kind: call.KindCall, Identifier: ref, Call: strings.TrimSpace(r.DiarienummerUtlysning),
		Title: stated(r.Titel), Language: src.Language, Programme: cmp.Or(src.Programme, src.NameEN),
	}
	switch english := stated(r.TitelEngelska); {
	case english == "" || english == c.Title:
	case c.Title == "":
		c.Title, c.Language = english, "en"
	default:
		c.Translations = []call.Translation{{Language: "en", Title: english}}
	}
	var notes []kind.Note
	note := func(format string, args ...any) {
		notes = append(notes, kind.Note{Ref: ref, Text: fmt.Sprintf(format, args...)})
	}
	date := func(field, s string) call.Moment {
		m, ok := moment(s)
		if !ok {
			note("%s is %q, want such as 2026-10-13T14:00:00", field, text.Snippet(text.Clean(s), 40))
		}
		return m
	}
	c.Opens = date("Oppningsdatum", r.Oppningsdatum)
	for _, s := range strs(r.AvlasningstillfalleLista) {
		if m, ok := moment(s); ok && !m.IsZero() { // the entries have other texts beside their day
			c.Deadlines = append(c.Deadlines, m)
		}
	}
	if len(c.Deadlines) > 0 {
		c.DeadlineModel = "multiple cut-off"
	}
	if closes := date("Stangningsdatum", r.Stangningsdatum); !closes.IsZero() {
		c.Deadlines = append(c.Deadlines, closes)
	}
	slices.SortStableFunc(c.Deadlines, call.Moment.Compare)
	c.Deadlines = slices.CompactFunc(c.Deadlines, call.Moment.Equal)
	c.Expected = strings.TrimSpace(strings.ToLower(strings.Join(strs(r.AnnonseringslägePeriod), " ")) + " " + strings.Join(strs(r.AnnonseringslägeÅr), " "))
	switch last, dated := c.LastDeadline(); {
	case dated && last.Passed(now):
		c.Status = call.StatusClosed
	case c.Opens.IsZero() && !dated && c.Expected != "":
		c.Kind, c.Status = call.KindPlanned, call.StatusForthcoming
	case !c.Opens.IsZero() && now.Before(c.Opens.Time()):
		c.Status = call.StatusForthcoming
	case dated || !c.Opens.IsZero():
		c.Status = call.StatusOpen
	}
	c.Text, c.Eligible = r.words()
	c.Links, c.URL = r.links(src)
	item := kind.Item{Call: c}
	if c.Title == "" {
		item.Hold = "the round has no title"
	}
	return item, notes
}

// words gives the text and who may apply. The description is often the title once more.
func (r *round) words() (body, eligible string) {
	var parts []string
	add := func(s string) {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	if d := plain(r.Beskrivning); stated(d) != "" && text.Clean(d) != text.Clean(r.Titel) {
		add(d)
	}
	texts := slices.Clone(r.WebTextLista)
	slices.SortStableFunc(texts, func(a, b webText) int { return strings.Compare(a.id(), b.id()) })
	for _, t := range texts {
		s := plain(t.TextSv)
		if stated(s) == "" {
			s = plain(t.TextEn)
		}
		switch {
		case stated(s) == "":
		case t.id() == "2" && eligible == "":
			eligible = s
			add(s) // it is text too
		default:
			add(s)
		}
	}
	for _, f := range []struct{ label, value string }{
		{"Beräknat beslut", r.UppskattatBeslutsdatum}, {"Projektstart tidigast", r.TidigastProjektstart},
		{"Projektstart senast", r.SenastProjektstart}, {"Projektslut senast", r.SenastProjektslut},
	} {
		if m, ok := moment(f.value); ok && !m.IsZero() {
			add(f.label + ": " + m.Date())
		}
	}
	if r.DagligAvlasning == 1 {
		add("Ansökningar läses in varje dag.")
	}
	if r.Extern == 1 {
		add("Ansökan skickas till en annan organisation än Vinnova.")
	}
	return strings.Join(parts, "\n\n"), eligible
}

func (t webText) id() string { return strings.Join(strs(t.TextID), "") }

func plain(s string) string {
	if strings.ContainsAny(s, "<&") {
		return text.FromHTML(s)
	}
	return text.FromPlain(s)
}

// links gives documents, those that are primary first and Swedish before English, and pages; and the address for
// people: the first page that is not the form, or else the form, or else where all calls are listed.
func (r *round) links(src kind.Source) (out []call.Link, page string) {
	docs := slices.Clone(r.DokumentLista)
	rank := func(d document) int {
		n := 0
		if !d.Primary {
			n += 2
		}
		if strings.EqualFold(d.Lang, "en") {
			n++
		}
		return n
	}
	slices.SortStableFunc(docs, func(a, b document) int { return cmp.Compare(rank(a), rank(b)) })
	add := func(title, address string) {
		if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
			return
		}
		if !slices.ContainsFunc(out, func(l call.Link) bool { return l.URL == address }) {
			out = append(out, call.Link{Title: title, URL: address})
		}
	}
	form := ""
	for _, l := range r.LankLista {
		title, at := text.Clean(l.Beskrivning), strings.TrimSpace(l.URL)
		before := len(out)
		add(title, at)
		switch {
		case len(out) == before:
		case strings.Contains(strings.ToLower(title), "ansök"):
			form = cmp.Or(form, at)
		default:
			page = cmp.Or(page, at)
		}
	}
	for _, d := range docs {
		add(cmp.Or(text.Clean(d.Titel), text.Clean(d.Beskrivning), text.Clean(d.FileName), d.DokumentID), strings.TrimSpace(d.FileURL))
	}
	return out, cmp.Or(page, form, src.Home)
}

// moment reads a local time without zone, on the clock of Stockholm, which is that of Brussels. Midnight is a day.
// The first of January 1900 is none. It is not ok when something is stated that is no time.
func moment(s string) (call.Moment, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return call.Moment{}, true
	}
	s, _, _ = strings.Cut(s, ".")
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly} {
		t, err := time.ParseInLocation(layout, s, call.Brussels())
		switch {
		case err != nil:
		case t.Year() <= 1900:
			return call.Moment{}, true
		case t.Hour() == 0 && t.Minute() == 0:
			return call.Day(t.Year(), t.Month(), t.Day()), true
		default:
			return call.At(t), true
		}
	}
	return call.Moment{}, false
}

// strs gives the texts and numbers anywhere in a value of which the API does not say the shape.
func strs(v any) (out []string) {
	switch v := v.(type) {
	case string:
		if s := text.Clean(v); s != "" {
			out = append(out, s)
		}
	case float64:
		out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		for _, inner := range v {
			out = append(out, strs(inner)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, strs(v[key])...)
		}
	}
	return out
}
