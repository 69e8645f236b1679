// Package feed writes what programs subscribe to: Atom (RFC 4287), JSON Feed 1.1 and calendars (RFC 5545). It is pure: the same
// calls make the same bytes, so that an unchanged feed is known by its hash; and an entry says that it was updated only
// when something happened that readers are told of.
package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"utkik/internal/call"
)

// Feed is what both forms of a feed say.
type Feed struct {
	ID       string // see [Tag]; never an address, which may be renewed
	Title    string
	Subtitle string
	Language string // BCP 47
	Author   string
	Home     string // the page that shows the same
	Updated  time.Time
	Entries  []Entry // newest first
}

// Entry is one call.
type Entry struct {
	ID        string // see [Tag]
	Title     string
	Language  string // of the title, where it is not the feed's
	URL       string // of our page
	Source    string // of the source's page; may be empty
	Published time.Time
	Updated   time.Time // when something last happened that readers are told of
	Text      string    // plain
	Tags      []string
}

// Tag names something for good (RFC 4151), in the name of the host that first published it. The year is that in which this way of
// naming began, and stays.
func Tag(host, what string) string {
	if u, err := url.Parse("//" + host); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return "tag:" + host + ",2026:" + what
}

// CallTag names a call.
func CallTag(host string, k call.Key) string {
	return Tag(host, "call/"+url.PathEscape(k.Source)+"/"+url.PathEscape(k.Ref))
}

const atomSpace = "http://www.w3.org/2005/Atom"

type atomFeed struct {
	XMLName   xml.Name    `xml:"feed"`
	Space     string      `xml:"xmlns,attr"`
	Lang      string      `xml:"xml:lang,attr"`
	ID        string      `xml:"id"`
	Title     atomText    `xml:"title"`
	Subtitle  *atomText   `xml:"subtitle"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Links     []atomLink  `xml:"link"`
	Generator string      `xml:"generator"`
	Entries   []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      atomText       `xml:"title"`
	Updated    string         `xml:"updated"`
	Published  string         `xml:"published"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    atomText       `xml:"summary"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Lang string `xml:"xml:lang,attr,omitempty"`
	Text string `xml:",chardata"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel      string `xml:"rel,attr"`
	Type     string `xml:"type,attr,omitempty"`
	Href     string `xml:"href,attr"`
	HrefLang string `xml:"hreflang,attr,omitempty"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

// stamp is a time as feeds say it (RFC 3339).
func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// Atom writes the feed as Atom that is found at self.
func (f *Feed) Atom(self string) ([]byte, error) {
	out := atomFeed{Space: atomSpace, Lang: f.Language, ID: f.ID, Title: atomText{Type: "text", Text: f.Title}, Updated: stamp(f.Updated), Generator: "Utkik",
		Author: atomPerson{f.Author}, Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: self}, {Rel: "alternate", Type: "text/html", Href: f.Home, HrefLang: f.Language}}}
	if f.Subtitle != "" {
		out.Subtitle = &atomText{Type: "text", Text: f.Subtitle}
	}
	for _, e := range f.Entries {
		a := atomEntry{ID: e.ID, Title: atomText{Type: "text", Lang: e.Language, Text: e.Title}, Updated: stamp(e.Updated), Published: stamp(e.Published),
			Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: e.URL, HrefLang: f.Language}}, Summary: atomText{Type: "text", Text: e.Text}}
		if e.Source != "" {
			a.Links = append(a.Links, atomLink{Rel: "via", Href: e.Source})
		}
		for _, t := range e.Tags {
			a.Categories = append(a.Categories, atomCategory{t})
		}
		out.Entries = append(out.Entries, a)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("feed %s: %v", f.ID, err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

type jsonFeed struct {
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	HomePageURL string       `json:"home_page_url"`
	FeedURL     string       `json:"feed_url"`
	Description string       `json:"description,omitempty"`
	Authors     []jsonAuthor `json:"authors"`
	Language    string       `json:"language"`
	Items       []jsonItem   `json:"items"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

type jsonItem struct {
	ID            string   `json:"id"`
	URL           string   `json:"url"`
	ExternalURL   string   `json:"external_url,omitempty"`
	Title         string   `json:"title"`
	ContentText   string   `json:"content_text"`
	DatePublished string   `json:"date_published"`
	DateModified  string   `json:"date_modified"`
	Tags          []string `json:"tags,omitempty"`
	Language      string   `json:"language,omitempty"`
}

// JSON writes the feed as JSON Feed that is found at self.
func (f *Feed) JSON(self string) ([]byte, error) {
	out := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: f.Title, HomePageURL: f.Home, FeedURL: self, Description: f.Subtitle,
		Authors: []jsonAuthor{{f.Author}}, Language: f.Language, Items: []jsonItem{}}
	for _, e := range f.Entries {
		out.Items = append(out.Items, jsonItem{ID: e.ID, URL: e.URL, ExternalURL: e.Source, Title: e.Title, ContentText: e.Text,
			DatePublished: stamp(e.Published), DateModified: stamp(e.Updated), Tags: e.Tags, Language: e.Language})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("feed %s: %v", f.ID, err)
	}
	return b.Bytes(), nil
}

// Cut shortens a text to n letters, at a word.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)[:n]
	for i := len(r) - 1; i > n/2; i-- {
		if r[i] == ' ' || r[i] == '\n' {
			r = r[:i]
			break
		}
	}
	return string(r) + "…"
}
