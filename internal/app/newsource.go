package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"utkik/config"
	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/survey"
)

// goodItems is how many items a feed must have to be taken before a list.
const goodItems = 3

// Draft is a source that nobody has described yet.
type Draft struct {
	ID    string
	Kind  string
	Page  survey.Page
	Items int // that the draft finds on the page
	YAML  []byte
	// Fixture is the page as an archive for the exam of its kind, with the draft's own file in it.
	Fixture []byte
	Notes   []string // what was found and not taken
}

// Draft looks at a page and writes a first file of a source that reads it, with a fixture: a feed where the page has a good
// one, else the list on it that looks most like one. A person mends it. The page and its feeds are asked for once each.
func (a *App) Draft(ctx context.Context, address, id string) (Draft, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Draft{}, fmt.Errorf("address %q: want one such as https://example.org/utlysningar", address)
	}
	d := Draft{ID: id}
	if d.ID == "" {
		d.ID = survey.ID(address)
	}
	if slices.ContainsFunc(a.Config.Sources(), func(s kind.Source) bool { return s.ID == d.ID }) {
		return Draft{}, fmt.Errorf("there is a source %s already: name another id with --id", d.ID)
	}
	conf, err := a.engineConfig()
	if err != nil {
		return Draft{}, err
	}
	conf.Most = checkedRequests
	engine, err := crawler.New(conf)
	if err != nil {
		return Draft{}, err
	}
	defer engine.Close()
	var seen crawler.Sample
	rep, err := engine.Run(ctx, kind.Source{ID: d.ID, Kind: "page", Home: address, Address: map[string]string{"page": address}}, visitor{}, &seen)
	if err != nil {
		return Draft{}, err
	}
	docs := seen.All()
	if len(docs) == 0 || docs[0].Status != 200 {
		return Draft{}, errors.New(rep.Err)
	}
	var src kind.Source
	var doc kind.Document
	if isFeed(docs[0]) {
		d.Page = survey.Page{Address: address}
		src, doc = d.tryFeed(survey.Feed{Address: address}, docs)
	} else {
		if d.Page, err = survey.Look(docs[0]); err != nil {
			return Draft{}, err
		}
		for _, f := range d.Page.Feeds {
			if src, doc = d.tryFeed(f, docs); src.ID != "" {
				break
			}
		}
		if src.ID == "" {
			src, doc = d.tryLists(docs[0])
		}
	}
	if src.ID == "" {
		return Draft{}, fmt.Errorf("%s: no feed and no list that repeats was found%s: its content may come by script, from an address that a browser's network view shows",
			address, strings.Join(append([]string{""}, d.Notes...), "; "))
	}
	comment := fmt.Sprintf("The first page of %s, recorded on %s.", address, a.now().In(call.Brussels()).Format("2006-01-02"))
	d.Kind = src.Kind
	src.Rules.Pages = kind.Pages{Part: true, Most: 1} // the fixture holds one page
	raw, err := engine.Record(ctx, src, crawler.Kinds()[src.Kind], []kind.Document{doc}, comment)
	if err != nil {
		return Draft{}, err
	}
	ar := txtar.Parse(raw)
	own := regexp.MustCompile(`(?m)^  pages: .*$`).ReplaceAll(d.YAML, []byte("  pages: {most: 1, part: true} # the fixture holds one page"))
	ar.Files = slices.Insert(ar.Files, 0, txtar.File{Name: "sources/" + d.ID + ".yaml", Data: own})
	d.Fixture = txtar.Format(ar)
	if left := crawler.Confidential(d.Fixture); len(left) > 0 {
		return Draft{}, fmt.Errorf("%s: the draft would hold what a recording must not: %s", address, strings.Join(left, ", "))
	}
	return d, nil
}

// tryFeed drafts a source of a feed, when the program can read feeds and this one has items.
func (d *Draft) tryFeed(f survey.Feed, docs []kind.Document) (kind.Source, kind.Document) {
	i := slices.IndexFunc(docs, func(x kind.Document) bool { return x.Request.URL == f.Address })
	if i < 0 || docs[i].Status != 200 {
		d.Notes = append(d.Notes, "feed "+f.Address+" was not answered")
		return kind.Source{}, kind.Document{}
	}
	return d.try(d.Page.AsFeed(d.ID, f), docs[i], "feed "+f.Address)
}

// tryLists drafts a source of the likeliest list that its kind can read.
func (d *Draft) tryLists(doc kind.Document) (kind.Source, kind.Document) {
	for _, l := range d.Page.Lists {
		if src, doc := d.try(d.Page.AsList(d.ID, l), doc, "list "+l.Select); src.ID != "" {
			return src, doc
		}
	}
	return kind.Source{}, kind.Document{}
}

// try reads a page by a draft, without asking anybody. What is found is kept, when it is enough.
func (d *Draft) try(yaml []byte, doc kind.Document, what string) (kind.Source, kind.Document) {
	none := func(format string, args ...any) (kind.Source, kind.Document) {
		d.Notes = append(d.Notes, what+": "+fmt.Sprintf(format, args...))
		return kind.Source{}, kind.Document{}
	}
	src, err := config.DecodeSource("sources/"+d.ID+".yaml", yaml)
	if err != nil {
		return none("%v", err)
	}
	k, ok := crawler.Kinds()[src.Kind]
	if !ok {
		return none("no kind %s in this program", src.Kind)
	}
	start := k.Start(src)
	if len(start) == 0 {
		return none("the kind asks for nothing")
	}
	doc.Request = start[0]
	page, err := k.Parse(src, doc)
	if err != nil {
		return none("%v", err)
	}
	if len(page.Items) < goodItems {
		return none("%d items", len(page.Items))
	}
	d.YAML, d.Items = yaml, len(page.Items)
	return src, doc
}

// isFeed tells whether an answer is a feed itself.
func isFeed(d kind.Document) bool {
	head := bytes.ToLower(d.Body[:min(len(d.Body), 1000)])
	return bytes.Contains(head, []byte("<rss")) || bytes.Contains(head, []byte("<feed")) || bytes.Contains(head, []byte("jsonfeed.org/version"))
}

// visitor is a kind that asks for a page, and for the feeds of its own hosts that it links.
type visitor struct{}

// Start asks for the page.
func (visitor) Start(src kind.Source) []kind.Request {
	return []kind.Request{{Name: "page", URL: src.Address["page"]}}
}

// Parse finds no items.
func (visitor) Parse(_ kind.Source, doc kind.Document) (kind.Page, error) {
	p := kind.Page{Total: -1}
	if doc.Request.Name != "page" || isFeed(doc) {
		return p, nil
	}
	look, err := survey.Look(doc)
	if err != nil {
		return p, err
	}
	for _, f := range look.Feeds {
		p.Next = append(p.Next, kind.Request{Name: "feed", URL: f.Address, Optional: true})
	}
	return p, nil
}
