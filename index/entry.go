package index

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"utkik/internal/call"
)

// Entry is the present state of one call, as the store hands it over.
type Entry struct {
	Call        call.Call
	Priorities  []string // ids of the plan's priorities that it matches; of another organisation than the installation's own: name/id
	Departments []string // ids of the departments that follow one of them, likewise
	FirstSeen   time.Time
	Updated     time.Time
	Group       []call.Key // calls of several sources that are shown as one, this among them, the first for all; none when it stands alone
	Gone        bool       // left its source: stays searchable, as closed
	Removed     bool       // shall not be found any more; only Source and Ref of Call need be set
	Seq         int64      // position in the feed: rises with every change of a row, unique
}

// Feed is the store's list of rows by their last change.
type Feed interface {
	// Touched gives at most limit entries with Seq > after, in rising order of Seq; none when all is told.
	Touched(ctx context.Context, after int64, limit int) ([]Entry, error)
}

// Names of the fields in Bleve; those of texts end in _sv or _en.
const (
	fieldTitle      = "title_"
	fieldMore       = "more_" // topics, names of call and programme and the like
	fieldText       = "text_"
	fieldIdentifier = "identifier" // its parts, in order: horizon cl5 2026 d1 01
	fieldCall       = "call"       // likewise
	fieldAction     = "action"     // words of the action types, and their codes of [Actions]
	fieldDeadline   = "deadline"   // a moment each
	fieldOpens      = "opens"      // a moment
	fieldSeen       = "seen"       // a moment: when it was first seen
	fieldGroup      = "group"      // the call that stands for this one and others
	fieldPlace      = "place"      // in that group: a, b, c ...
	fieldAlso       = "also"       // stored only: the others of its group
	fieldHit        = "hit"        // stored only: what a hit list shows
)

// builder makes Bleve documents of entries. It is not safe for concurrent use.
type builder struct {
	analysers *analysers
	slots     map[string]*slot                 // by term
	seen      map[*analyser]map[string][]*slot // by analyser, nil for codes, and word
	field     int                              // how many fields have been made
	used      []*slot                          // by the field that is being made
	packers   []packer                         // of each of used
}

// slot is a term, with its place in the field that was made last of those that have it. A word's slots are
// kept, so that a word that comes again costs one look-up.
type slot struct {
	text  string
	bytes []byte
	field int
	at    int
}

func newBuilder(a *analysers) *builder {
	b := &builder{analysers: a}
	b.forget()
	return b
}

func (b *builder) forget() {
	b.slots = map[string]*slot{}
	b.seen = map[*analyser]map[string][]*slot{nil: {}, b.analysers.sv: {}, b.analysers.en: {}}
}

// document gives the document of e and how many bytes of text went into it.
func (b *builder) document(e *Entry) (*document.Document, int) {
	c := &e.Call
	doc := document.NewDocument(c.Key().String())
	size := 0
	add := func(fields ...*docField) {
		for _, f := range fields {
			if f != nil {
				doc.AddField(f)
			}
		}
	}
	a, suffix := b.analysers.of(c.Language), suffixOf(c.Language)
	title, text := oneLine(c.Title), compose(c.Text)
	more := moreOf(c)
	size += len(title) + len(text) + len(c.Identifier) + len(c.Call)
	for _, m := range more {
		size += len(m)
	}
	add(b.text(fieldTitle+suffix, a, titlesIn(c, suffix, title)...)...)
	if other := otherSuffix(suffix); len(c.Translations) > 0 {
		// A title in the reader's language is found as it is shown, whatever language the rest is in.
		more := titlesIn(c, other)
		for _, m := range more {
			size += len(m)
		}
		add(b.text(fieldTitle+other, b.analysers.of(other), more...)...)
	}
	add(b.text(fieldMore+suffix, a, more...)...)
	add(b.text(fieldText+suffix, a, text)...)
	add(b.text(fieldIdentifier, nil, c.Identifier)...)
	add(b.text(fieldCall, nil, c.Call)...)
	actions := actionsOf(c.ActionTypes)
	add(b.text(fieldAction, nil, append(slices.Clone(c.ActionTypes), codesAmong(actions)...)...)...)

	status := c.Status
	if e.Gone {
		status = call.StatusClosed
	}
	add(b.keywords(facetStatus, string(status)))
	add(b.keywords(facetKind, string(c.Kind)))
	add(b.keywords(facetProgramme, c.Programme))
	add(b.keywords(facetSource, c.Source))
	add(b.keywords(facetPriority, e.Priorities...))
	add(b.keywords(facetDepartment, e.Departments...))
	add(b.keywords(facetLanguage, suffix))
	add(b.keywords(facetAction, actions...))
	add(b.keywords(facetBudget, budgetOf(c)))
	moments := make([]string, len(c.Deadlines))
	for i, d := range c.Deadlines {
		moments[i] = encodeMoment(d)
	}
	add(b.keywords(fieldDeadline, moments...))
	if !c.Opens.IsZero() {
		add(b.keywords(fieldOpens, encodeMoment(c.Opens)))
	}
	if !e.FirstSeen.IsZero() {
		add(b.keywords(fieldSeen, encodeMoment(call.At(e.FirstSeen.In(call.Brussels())))))
	}
	doc.AddField(&docField{name: fieldHit, value: encodeStored(c, title), options: index.StoreField})
	if place := slices.Index(e.Group, c.Key()); place >= 0 && len(e.Group) > 1 {
		add(b.keywords(fieldGroup, e.Group[0].String()))
		add(b.keywords(fieldPlace, encodePlace(place)))
		doc.AddField(&docField{name: fieldAlso, value: encodeAlso(e.Group, place), options: index.StoreField})
	}
	return doc, size
}

// titlesIn gives the titles that are analysed as the language of suffix: own, and the translations.
func titlesIn(c *call.Call, suffix string, own ...string) []string {
	for _, t := range c.Translations {
		if title := oneLine(t.Title); title != "" && suffixOf(t.Language) == suffix && !slices.Contains(own, title) {
			own = append(own, title)
		}
	}
	return own
}

// moreOf lists what is searched besides title and text.
func moreOf(c *call.Call) []string {
	more := []string{c.Programme, c.CallTitle, c.ParentTitle, c.Project, c.Eligible}
	more = append(more, c.Topics...)
	more = append(more, c.Divisions...)
	for i, m := range more {
		more[i] = compose(m)
	}
	return slices.DeleteFunc(more, func(m string) bool { return m == "" })
}

func oneLine(s string) string { return strings.Join(strings.Fields(compose(s)), " ") }

// gapBetween keeps phrases from running over from one text of a field into the next.
const gapBetween = 10

// text makes a field of texts, and those in which its positions go on; without an analyser their words go in as they are,
// in lower case.
func (b *builder) text(name string, a *analyser, texts ...string) []*docField {
	if len(b.slots) > maxCache {
		b.forget()
	}
	b.field++
	b.used, b.packers = b.used[:0], b.packers[:0]
	seen := b.seen[a]
	base, length := 0, 0
	for _, text := range texts {
		last := 0
		words(text, func(_, _, pos int, lower []byte) bool {
			last = pos
			length++
			slots, ok := seen[string(lower)]
			if !ok {
				slots = b.word(a, string(lower))
				seen[string(lower)] = slots
			}
			for _, s := range slots {
				if s.field != b.field {
					s.field, s.at = b.field, len(b.used)
					b.used = append(b.used, s)
					b.packers = append(b.packers, packer{})
				}
				b.packers[s.at].add(base + pos)
			}
			return true
		})
		base += last + gapBetween
	}
	if len(b.used) == 0 {
		return nil
	}
	freqs := make(index.TokenFrequencies, len(b.used))
	values := make([]index.TokenFreq, len(b.used))
	out := []*docField{{name: name, freqs: freqs, length: encodeLength(length), options: index.IndexField}}
	for i, s := range b.used {
		values[i].Term = s.bytes
		values[i].SetFrequency(int(b.packers[i].packed()))
		freqs[s.text] = &values[i]
		for p := b.packers[i].more; p != nil; p = p.more {
			if p.level == len(out) {
				out = append(out, &docField{name: levelOf(name, p.level), freqs: index.TokenFrequencies{}, length: 1, options: index.IndexField})
			}
			tf := &index.TokenFreq{Term: s.bytes}
			tf.SetFrequency(int(p.packed()))
			out[p.level].freqs[s.text] = tf
		}
	}
	return out
}

// word gives the slots of a word's terms.
func (b *builder) word(a *analyser, lower string) []*slot {
	terms := []term{{text: lower}}
	if a != nil {
		terms = a.analyse(lower)
	}
	slots := make([]*slot, len(terms))
	for i, t := range terms {
		s, ok := b.slots[t.text]
		if !ok {
			s = &slot{text: t.text, bytes: []byte(t.text)}
			b.slots[t.text] = s
		}
		slots[i] = s
	}
	return slots
}

func (b *builder) keywords(name string, values ...string) *docField {
	freqs := make(index.TokenFrequencies, len(values))
	for _, v := range values {
		if v == "" || freqs[v] != nil {
			continue
		}
		tf := &index.TokenFreq{Term: []byte(v)}
		tf.SetFrequency(1)
		freqs[v] = tf
	}
	if len(freqs) == 0 {
		return nil
	}
	return &docField{name: name, freqs: freqs, length: 1, options: index.IndexField | index.SkipFreqNorm}
}

// encodeLength squeezes the number of a field's words into 1 to 127, which takes one byte with every
// posting; decodeLength gives it back within about four per cent.
func encodeLength(n int) int {
	return max(1, min(127, 1+int(math.Round(8*math.Log2(float64(max(n, 1)))))))
}

func decodeLength(code uint64) float64 { return math.Exp2(float64(code-1) / 8) }

// encodeMoment writes a moment as its local day and the minute at which it has passed, both counted from
// 1970, eight bytes that sort by day.
func encodeMoment(m call.Moment) string {
	var b [8]byte
	y, month, d := m.Time().Date()
	day := time.Date(y, month, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
	minute := min(m.End().Unix()/60, math.MaxInt32)
	binary.BigEndian.PutUint32(b[:4], uint32(int32(day))^1<<31)
	binary.BigEndian.PutUint32(b[4:], uint32(int32(minute))^1<<31)
	return string(b[:])
}

func decodeMoment(b []byte) (moment, error) {
	if len(b) != 8 {
		return moment{}, errors.New("a moment is not eight bytes")
	}
	return moment{
		day: int32(binary.BigEndian.Uint32(b[:4]) ^ 1<<31),
		end: int32(binary.BigEndian.Uint32(b[4:]) ^ 1<<31),
	}, nil
}

// encodeStored writes what a hit list shows and no column holds: strings, each after its length.
func encodeStored(c *call.Call, title string) []byte {
	var deadlines []string
	for _, d := range c.Deadlines {
		deadlines = append(deadlines, d.String())
	}
	var out []byte
	fields := []string{title, c.Identifier, shortenURL(c.URL, c.Identifier), c.Language, c.Opens.String(), strings.Join(deadlines, " ")}
	for _, t := range c.Translations {
		fields = append(fields, t.Language, oneLine(t.Title))
	}
	for _, s := range fields {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}

// urlStarts are how most addresses begin. One is stored as a letter of control and what follows, or = where
// the identifier follows, which takes a tenth off the whole index. Append only: the place in the list is
// what is stored.
var urlStarts = []string{
	"https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/",
	"https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/competitive-calls-cs/",
	"https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/",
	"https://www.regeringen.se/remisser/",
	"https://www.regeringen.se/faktapromemoria/",
	"https://",
}

func shortenURL(url, identifier string) string {
	url = strings.TrimLeftFunc(url, unicode.IsControl)
	for i, start := range urlStarts {
		if rest, ok := strings.CutPrefix(url, start); ok && rest != "=" {
			if rest == identifier && rest != "" {
				rest = "="
			}
			return string(rune(i+1)) + rest
		}
	}
	return url
}

func lengthenURL(s, identifier string) string {
	if s == "" || s[0] < 1 || int(s[0]) > len(urlStarts) {
		return s
	}
	rest := s[1:]
	if rest == "=" {
		rest = identifier
	}
	return urlStarts[s[0]-1] + rest
}

// decodeStored fills h with what encodeStored wrote, for a reader of lang.
func decodeStored(b []byte, lang string, h *Hit) error {
	next := func() string {
		n, used := binary.Uvarint(b)
		if used <= 0 || uint64(len(b)-used) < n {
			b = nil
			return ""
		}
		s := string(b[used : used+int(n)])
		b = b[used+int(n):]
		return s
	}
	own := call.Call{Title: next()}
	h.Identifier = next()
	h.URL, h.Language = lengthenURL(next(), h.Identifier), next()
	if err := h.Opens.UnmarshalText([]byte(next())); err != nil {
		return err
	}
	for _, s := range strings.Fields(next()) {
		m, err := call.ParseMoment(s)
		if err != nil {
			return err
		}
		h.Deadlines = append(h.Deadlines, m)
	}
	own.Language = h.Language
	for len(b) > 0 {
		own.Translations = append(own.Translations, call.Translation{Language: next(), Title: next()})
	}
	title, in := own.TitleIn(lang)
	if h.Title = title; in != h.Language {
		h.TitleIn = in
	}
	return nil
}

// docField is a field whose terms are counted already when Bleve sees it.
type docField struct {
	name    string
	freqs   index.TokenFrequencies
	length  int
	value   []byte
	options index.FieldIndexingOptions
}

func (f *docField) Name() string                                     { return f.name }
func (f *docField) ArrayPositions() []uint64                         { return nil }
func (f *docField) Options() index.FieldIndexingOptions              { return f.options }
func (f *docField) Analyze()                                         {}
func (f *docField) Value() []byte                                    { return f.value }
func (f *docField) NumPlainTextBytes() uint64                        { return 0 }
func (f *docField) Size() int                                        { return len(f.value) + 64*len(f.freqs) }
func (f *docField) EncodedFieldType() byte                           { return 't' }
func (f *docField) AnalyzedLength() int                              { return f.length }
func (f *docField) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.freqs }
