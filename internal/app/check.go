package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/watch"
)

// checkedRequests is how many documents a look at a source asks for, unless more are wanted.
const checkedRequests = 20

// CheckOptions are what a look at a source is to be like.
type CheckOptions struct {
	URL    string // asked for in place of the source's first address; empty: as its file says
	Most   int    // documents to ask for; 0 is 20
	Record bool   // make a fixture of what came
}

// Check is what a look at a source found. Nothing of it is stored.
type Check struct {
	Report    crawler.Report
	Documents []kind.Document // that came, in their order, those that could not be read too
	Fields    []CheckedField
	Archive   []byte // the fixture, if one was asked for
}

// CheckedField is a field, in how many items it was found, and how.
type CheckedField struct {
	Field   string
	Have    int
	Example string
	By      []string // rules that found it, most often first; none where the kind's own code did
}

// Check looks at a source: it is read politely, as a crawl would read it, and nothing is stored.
func (a *App) Check(ctx context.Context, id string, o CheckOptions) (Check, error) {
	sources, err := a.sources([]string{id})
	if err != nil {
		return Check{}, err
	}
	src := sources[0]
	k := crawler.Kinds()[src.Kind]
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Hostname() == "" {
			return Check{}, fmt.Errorf("address %q: want one such as https://example.org/utlysningar", o.URL)
		}
		src.Allow = append(slices.Clone(src.Allow), u.Hostname())
		k = aimedAt(k, o.URL)
	}
	return a.look(ctx, src, k, o)
}

func (a *App) look(ctx context.Context, src kind.Source, k kind.Kind, o CheckOptions) (Check, error) {
	conf, err := a.engineConfig()
	if err != nil {
		return Check{}, err
	}
	conf.Most = cmp.Or(o.Most, checkedRequests)
	engine, err := crawler.New(conf)
	if err != nil {
		return Check{}, err
	}
	defer engine.Close()
	var seen crawler.Sample
	rep, err := engine.Run(ctx, src, k, &seen)
	if err != nil {
		return Check{}, err
	}
	out := Check{Report: rep, Documents: seen.All(), Fields: checkedFields(rep.Items)}
	if !o.Record {
		return out, nil
	}
	comment := fmt.Sprintf("%s, recorded on %s.", src.Name, a.now().In(call.Brussels()).Format("2006-01-02"))
	out.Archive, err = engine.Record(ctx, src, k, out.Documents, comment)
	return out, err
}

// checkedFields counts what items hold, in the order of the exchange format; fields that none has come last.
func checkedFields(items []kind.Item) []CheckedField {
	cover := watch.Measure(items, nil)
	at := map[string]int{}
	var out []CheckedField
	field := func(name string) *CheckedField {
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, CheckedField{Field: name, Have: cover.Have[name]})
		}
		return &out[i]
	}
	by := map[string]map[string]int{}
	for i := range items {
		it := &items[i]
		for _, name := range it.Call.Stated() {
			if f := field(name); f.Example == "" {
				f.Example = example(&it.Call, name)
			}
		}
		if !it.Published.IsZero() {
			f := field("published")
			f.Have++
			f.Example = cmp.Or(f.Example, it.Published.String())
		}
		for _, found := range it.Found {
			field(found.Field)
			if by[found.Field] == nil {
				by[found.Field] = map[string]int{}
			}
			by[found.Field][found.By]++
		}
	}
	for i := range out {
		f := &out[i]
		f.By = byCount(by[f.Field])
		if f.Have == 0 { // none of the exchange format's: ref, kind, period
			for _, n := range by[f.Field] {
				f.Have += n
			}
		}
	}
	return out
}

// byCount gives the keys of a count, the most frequent first.
func byCount(n map[string]int) []string {
	var out []string
	for k := range n {
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y string) int {
		return cmp.Or(cmp.Compare(n[y], n[x]), strings.Compare(x, y))
	})
	return out
}

// example is a field's value as the exchange format has it, without the quotes of a text.
func example(c *call.Call, field string) string {
	line, err := call.Encode(c)
	if err != nil {
		return ""
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return ""
	}
	var text string
	if err := json.Unmarshal(fields[field], &text); err == nil {
		return text
	}
	return string(bytes.TrimSpace(fields[field]))
}

// aimed is a kind that begins at another address.
type aimed struct {
	kind.Kind
	address string
}

// aimedGatherer is one that gathers.
type aimedGatherer struct {
	aimed
	kind.Gatherer
}

func aimedAt(k kind.Kind, address string) kind.Kind {
	a := aimed{k, address}
	if g, ok := k.(kind.Gatherer); ok {
		return aimedGatherer{a, g}
	}
	return a
}

// Start asks for the first thing that the kind would ask for, at the other address.
func (a aimed) Start(src kind.Source) []kind.Request {
	reqs := a.Kind.Start(src)
	if len(reqs) == 0 {
		return nil
	}
	reqs[0].URL = a.address
	return reqs[:1]
}
