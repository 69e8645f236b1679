// Package govmirror reads the open mirror of the Swedish government's site: referrals, on which authorities and anybody
// else may answer, and memos on the EU's proposals. The site itself turns programs away; the mirror is static
// files, renewed every night, and asks for nothing but patience.
//
//	list      every item of a kind that there ever was, newest first: title, address, codes, summary, attachments
//	codes     what the codes of senders, types and categories stand for
//	renewed   when the mirror last read the site
//	page      the text of one item as Markdown. For referrals alone: their last day to answer stands nowhere else
//
// Identity is the path of an item's page: its number is missing in some, stands twice in others, and is mended.
package govmirror

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Kind reads the mirror. It implements [kind.Kind] and [kind.Gatherer].
type Kind struct{}

// Names of requests, and so of pages.
const (
	nameList    = "list"
	nameCodes   = "codes"
	nameRenewed = "renewed"
	namePage    = "page"
)

// Codes that the kind itself must know.
const (
	codeReferral   = "2099"
	codeGovernment = "1296" // sender of everything, beside the departments
)

const (
	// window is how long after its publication a referral's page is asked for. Three months are usual to answer,
	// and half a year is the longest: 4 of 2,792 had more. The pages of the 3,100 referrals that there are
	// would be an hour of requests to learn days that have passed.
	window = 240 * 24 * time.Hour
	// maxPages bounds the pages of one run; 240 days had 275 at the most, in 2011 to 2026.
	maxPages = 400
	// renewedWithin is how old the mirror may be. It is renewed every night, and fails now and then.
	renewedWithin = 3 * 24 * time.Hour
	// yearAgo is how long before its publication a last day must lie to be another year by mistake. Pages that
	// are published when everybody has answered are a few months late.
	yearAgo = 300 * 24 * time.Hour
)

// Start asks for the list, for what its codes stand for, and for the mirror's age.
func (Kind) Start(src kind.Source) []kind.Request {
	var out []kind.Request
	for _, name := range []string{nameList, nameCodes, nameRenewed} {
		if address := src.Address[name]; address != "" {
			out = append(out, kind.Request{Name: name, URL: address, Accept: []string{"application/json"}})
		}
	}
	return out
}

// Parse reads one file of the mirror.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	p := kind.Page{Total: -1}
	var err error
	switch doc.Request.Name {
	case nameList:
		p, err = parseList(src, doc)
	case nameCodes:
		err = decode(doc.Body, &p.Labels)
	case nameRenewed:
		p.Notes, err = parseRenewed(doc)
	case namePage:
		p, err = parsePage(src, doc)
	default:
		err = fmt.Errorf("request %q is none of list, codes, renewed, page", doc.Request.Name)
	}
	if err != nil {
		return kind.Page{}, fmt.Errorf("mirror's answer to %s: %w", doc.Request.Name, err)
	}
	return p, nil
}

func decode(body []byte, into any) error {
	if strings.HasPrefix(strings.TrimSpace(string(body[:min(len(body), 64)])), "<") {
		return errors.New("HTML instead of JSON: the address may have moved")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("no JSON of the mirror: %v", err)
	}
	return nil
}

// entry is one item of a list.
type entry struct {
	Title       string   `json:"title"`
	URL         string   `json:"url"` // a path on the government's site
	Published   string   `json:"published"`
	Updated     string   `json:"updated"` // null when it never was; some are changed without it
	Types       []string `json:"types"`
	Senders     []string `json:"senders"`
	Categories  []string `json:"categories"`
	Summary     string   `json:"summary"`
	ID          string   `json:"id"` // what stands under the title: a number, mostly
	Attachments []link   `json:"attachments"`
	Shortcuts   []link   `json:"shortcuts"`
}

type link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

func parseList(src kind.Source, doc kind.Document) (kind.Page, error) {
	var entries []json.RawMessage
	if err := decode(doc.Body, &entries); err != nil {
		return kind.Page{}, err
	}
	if len(entries) == 0 {
		return kind.Page{}, errors.New("an empty list: the mirror has all items that there ever were")
	}
	p := kind.Page{Listing: nameList, Total: len(entries)}
	var recent []kind.Item
	for i, raw := range entries {
		var e entry
		err := json.Unmarshal(raw, &e)
		if odd := (*json.UnmarshalTypeError)(nil); errors.As(err, &odd) && odd.Field != "" {
			err = nil // the decoder went on after the field
		}
		ref := strings.Trim(e.URL, "/")
		if err != nil || ref == "" || strings.Contains(ref, "://") {
			p.Notes = append(p.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("item %d of the list has no path and cannot be kept: %s", i+1, text.Snippet(text.Clean(string(raw)), 160))})
			continue
		}
		item := e.item(src, ref)
		c := &item.Call
		if c.Kind == call.KindConsultation && !item.Published.IsZero() {
			if age := doc.Fetched.Sub(item.Published.Time()); age <= window && age > -window {
				recent = append(recent, item)
			} else {
				c.Status = call.StatusClosed // whatever day it was
			}
		}
		p.Items = append(p.Items, item)
	}
	if src.Address[namePage] == "" {
		return p, nil
	}
	// The newest are asked for where there are too many; in the order in which they were published, so that those
	// whose days end first come first.
	slices.SortStableFunc(recent, func(a, b kind.Item) int {
		return cmp.Or(a.Published.Compare(b.Published), strings.Compare(a.Call.Ref, b.Call.Ref))
	})
	if left := len(recent) - maxPages; left > 0 {
		p.Notes = append(p.Notes, kind.Note{Text: fmt.Sprintf("%d referrals of the last %d days, of which the %d oldest are not looked up", len(recent), int(window.Hours()/24), left)})
		recent = recent[left:]
	}
	for _, item := range recent {
		p.Next = append(p.Next, pageRequest(src, item, doc.Fetched))
	}
	return p, nil
}

// pageRequest asks for the text of a referral. Pages are changed without a word of it in the list, days that are
// moved among them: so the stamp, beside what the list tells, ends once a week, on a day of the referral's own.
func pageRequest(src kind.Source, item kind.Item, now time.Time) kind.Request {
	c := &item.Call
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %s %s", c.Ref, c.Title, c.Opens, item.Published)
	week := (uint64(now.Unix()/(24*60*60)) + h.Sum64()%7) / 7
	return kind.Request{
		Name:     namePage,
		URL:      strings.ReplaceAll(src.Address[namePage], "{path}", (&url.URL{Path: c.Ref}).EscapedPath()),
		State:    now.UTC().Format(time.RFC3339) + " " + c.Opens.Date() + " " + c.Ref,
		Stamp:    fmt.Sprintf("%016x-%d", h.Sum64(), week),
		Optional: true,
	}
}

func (e *entry) item(src kind.Source, ref string) kind.Item {
	c := call.Call{
		Source: src.ID, Ref: ref, Kind: call.KindNews, Title: text.Clean(e.Title), Language: src.Language,
		URL:  resolve(src.Home, e.URL),
		Text: text.FromPlain(e.Summary),
		// Codes, until Gather knows what they stand for.
		ActionTypes: e.Types, Divisions: e.Senders, Topics: e.Categories,
	}
	if slices.Contains(e.Types, codeReferral) {
		c.Kind = call.KindConsultation
	}
	item := kind.Item{}
	if m, err := call.ParseMoment(e.Published); err == nil {
		c.Opens, item.Published = m, m
	}
	if m, err := call.ParseMoment(e.Updated); err == nil && m.Compare(item.Published) > 0 {
		item.Published = m
	}
	if c.Kind == call.KindConsultation {
		c.Identifier = registry.FindString(e.ID)
	} else {
		c.Identifier = proposal(e.Title+"\n"+e.Summary, e.ID+" "+e.Title+" "+e.URL)
	}
	c.Links = links(src.Home, c.Kind, e.Attachments, e.Shortcuts)
	if c.Title == "" {
		item.Hold = "the item has no title"
	}
	item.Call = c
	return item
}

// registry is the number under which a department keeps a referral: Fi2025/01969, S2019/03200/SOF.
var registry = regexp.MustCompile(`\b[A-ZÅÄÖ][A-Za-zÅÄÖåäö]{0,2}\d{4}/\d{2,6}(?:/[A-ZÅÄÖ][\pL\d]*)?`)

var (
	commission = regexp.MustCompile(`\b(COM|KOM|JOIN)[ (/8]*(20\d\d)[) /]+(\d{1,4})\b`) // also COM/2022/761, and a 8 for a bracket
	celex      = regexp.MustCompile(`\b5(20\d\d)(?:PC|DC)(\d{4})\b`)
	celexJoint = regexp.MustCompile(`\b5(20\d\d)J[CP](\d{4})\b`)
	memo       = regexp.MustCompile(`(?i)(20\d\d)/?(?:20)?(\d\d):?\s*-?FPM\s*-?\s*(\d{1,3})\b`)
)

// proposal gives the number of the EU document that a memo is about, so that it meets the document's other items, or
// else the memo's own.
func proposal(said, own string) string {
	if m := commission.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("%s(%s) %s", strings.Replace(m[1], "KOM", "COM", 1), m[2], strings.TrimLeft(m[3], "0"))
	}
	if m := celex.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("COM(%s) %s", m[1], strings.TrimLeft(m[2], "0"))
	}
	if m := celexJoint.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("JOIN(%s) %s", m[1], strings.TrimLeft(m[2], "0"))
	}
	if m := memo.FindStringSubmatch(own); m != nil {
		return fmt.Sprintf("%s/%s:FPM%s", m[1], m[2], m[3])
	}
	return ""
}

// papers are the names of what a department sends out with a referral. The answers that come in stand beside them, up
// to some hundred, of bodies and of private persons: those are not kept.
var papers = regexp.MustCompile(`(?i)missiv|remiss(?:instans|lista|brev)|sändlista|promemoria|\bpm\b|\bsou\b|\bds\b|betänkande|förslag|rapport|författning|redovisning|utkast|bilaga|direktiv|förordning|faktapromemoria|fpm`)

// answers are names of what came in.
var answers = regexp.MustCompile(`(?i)^(?:remissvar|yttrande|svar)\b|sammanställning`)

const maxLinks = 20

// links gives documents and pages beside an item, with absolute addresses, each once.
func links(home string, k call.Kind, attachments, shortcuts []link) []call.Link {
	var out []call.Link
	for i, l := range slices.Concat(attachments, shortcuts) {
		name := text.Clean(l.Name)
		address := resolve(home, l.URL)
		if address == "" || len(out) == maxLinks || slices.ContainsFunc(out, func(o call.Link) bool { return o.URL == address }) {
			continue
		}
		if k == call.KindConsultation && i < len(attachments) && (!papers.MatchString(name) || answers.MatchString(name)) {
			continue
		}
		out = append(out, call.Link{Title: name, URL: address})
	}
	return out
}

// resolve makes an address on the government's own site; empty if it is none for the web.
func resolve(home, address string) string {
	base, err := url.Parse(home)
	if err != nil {
		return ""
	}
	u, err := base.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// parseRenewed tells when the mirror has stood still, since then silence means nothing.
func parseRenewed(doc kind.Document) ([]kind.Note, error) {
	var said struct {
		At string `json:"latest_updated"`
	}
	if err := decode(doc.Body, &said); err != nil {
		return nil, err
	}
	at, err := time.Parse(time.DateTime, said.At)
	if err != nil {
		return nil, fmt.Errorf("latest_updated is %q, want such as 2026-01-29 04:18:37", text.Snippet(said.At, 40))
	}
	if age := doc.Fetched.Sub(at); age > renewedWithin {
		return []kind.Note{{Gap: true, Text: fmt.Sprintf("the mirror was last renewed on %s, %d days ago", at.Format(time.DateOnly), int(age.Hours()/24))}}, nil
	}
	return nil, nil
}

var (
	linked  = regexp.MustCompile(`\[([^\]\n]*)\]\([^)\s]*(?:\s+"[^"\n]*")?\)`)
	escaped = regexp.MustCompile(`\\([\\_*#\[\]().!~-])`)
	marks   = regexp.MustCompile(`(?m)^#+\s*|\*\*`)
)

// parsePage reads the text of a referral as a part: its words, the days to answer, its number.
func parsePage(src kind.Source, doc kind.Document) (kind.Page, error) {
	fields := strings.SplitN(doc.Request.State, " ", 3)
	if len(fields) != 3 {
		return kind.Page{}, fmt.Errorf("state %q does not say which referral was asked for", doc.Request.State)
	}
	now, err := time.Parse(time.RFC3339, fields[0])
	if err != nil {
		return kind.Page{}, fmt.Errorf("state %q does not say when the list was read", doc.Request.State)
	}
	published, _ := call.ParseMoment(fields[1])
	ref := fields[2]
	body := strings.TrimSpace(string(doc.Body))
	head, rest, _ := strings.Cut(body, "\n")
	switch {
	case strings.HasPrefix(body, "<"):
		return kind.Page{}, errors.New("HTML instead of Markdown: the address may have moved")
	case !strings.HasPrefix(head, "# "):
		return kind.Page{}, fmt.Errorf("no heading begins it, but %q", text.Snippet(text.Clean(head), 80))
	}
	words := escaped.ReplaceAllString(linked.ReplaceAllString(marks.ReplaceAllString(rest, ""), "$1"), "$1")
	c := call.Call{Source: src.ID, Ref: ref, Kind: call.KindConsultation, Text: text.FromPlain(words)}
	// The number is glued to the heading: "# Remiss av …Diarienummer: Fi2025/01969".
	if _, number, ok := strings.Cut(head, "Diarienummer:"); ok {
		c.Identifier = registry.FindString(number)
	}
	item := kind.Item{Fill: true}
	c.Deadlines = answerBy(c.Text, published.Time())
	if last, ok := c.LastDeadline(); ok {
		c.Status = call.StatusOpen
		switch {
		case !published.IsZero() && published.Time().Sub(last.Time()) > yearAgo:
			item.Hold = fmt.Sprintf("its last day to answer, %s, lies long before it was published, %s: the page may name another year", last, published)
		case last.Passed(now):
			c.Status = call.StatusClosed
		}
	}
	item.Call = c
	return kind.Page{Items: []kind.Item{item}, Total: -1}, nil
}

// Gather joins the files: it puts labels in the place of codes, and what the pages tell beside what the list tells.
func (Kind) Gather(src kind.Source, pages []kind.Page) kind.Gathered {
	var g kind.Gathered
	labels := map[string]string{}
	told := map[string]kind.Item{}
	asked, got := 0, 0
	for i := range pages {
		p := &pages[i]
		for code, label := range p.Labels {
			labels[code] = text.Clean(label)
		}
		for _, q := range p.Next {
			if q.Name == namePage {
				asked++
			}
		}
		if p.Name == namePage {
			got++
			for _, it := range p.Items {
				told[it.Call.Ref] = it
			}
		}
	}
	// One page that is missing is a note of the engine's; when many are, days to answer are missing.
	if lost := asked - got; lost > 2 && lost > asked/10 {
		g.Notes = append(g.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("%d of %d pages of referrals could not be read: their days to answer are missing", lost, asked)})
	}
	seen := map[string]bool{}
	for _, it := range kind.Merge(pages) {
		c := &it.Call
		if part, ok := told[c.Ref]; ok {
			c.Status, it.Hold = part.Call.Status, cmp.Or(it.Hold, part.Hold)
			if part.Call.Text != "" {
				c.Text = part.Call.Text // it holds the summary
			}
		}
		name := ""
		if types := named(labels, c.ActionTypes); len(types) > 0 {
			name = types[0]
		}
		senders := named(labels, slices.DeleteFunc(slices.Clone(c.Divisions), func(code string) bool { return code == codeGovernment && len(c.Divisions) > 1 }))
		c.Programme = strings.TrimPrefix(strings.TrimSuffix(name+" – "+strings.Join(senders, ", "), " – "), " – ")
		c.ActionTypes, c.Divisions, c.Topics = nil, nil, named(labels, c.Topics)
		seen[c.Ref] = true
		g.Items = append(g.Items, it)
	}
	if len(seen) > 0 && len(labels) == 0 {
		g.Notes = append(g.Notes, kind.Note{Gap: true, Text: "what the codes of senders and categories stand for could not be read"})
	}
	return g
}

// named gives the labels of codes in order of the alphabet. A code that nobody explains says nothing to a reader.
func named(labels map[string]string, codes []string) []string {
	var out []string
	for _, code := range codes {
		if _, err := strconv.Atoi(code); err != nil {
			continue
		}
		if l := labels[code]; l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}
