package demo

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The Funding & Tenders Portal. Its envelope and its habits are those that were measured at the real one: pages are
// cut to 100 rows, a sort drops the rows that lack the field, a part of the form that is not marked as JSON is a
// fault, and a query that cannot be read is an error of the business.

const (
	topicPage    = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/"
	cascadePage  = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/competitive-calls-cs/"
	prospectPage = "https://webgate.ec.europa.eu/prospect/external/publishedcalls.htm?callId="

	apiVersion = "2.148"
	pageCap    = 100
	window     = 10_000
)

// row is one document of the index. Metadata is a map to lists of texts, always.
type row struct {
	Reference string
	Language  string
	Summary   string
	URL       string
	Metadata  map[string][]string
}

func statusCode(name string) string {
	switch name {
	case "forthcoming":
		return "31094501"
	case "open":
		return "31094502"
	case "closed":
		return "31094503"
	}
	return ""
}

// rows gives the documents of a day, with the copies in other languages.
func rows(s samples, day int) []row {
	var out []row
	topics := on(s.Topics, day)
	for _, it := range topics {
		r := baseRow(s, it, "1", cmp.Or(it.Reference, it.Number+"TOPICSen"), topicPage+it.Identifier)
		put(r.Metadata, "ccm2Id", it.Number)
		put(r.Metadata, "callIdentifier", it.Call)
		put(r.Metadata, "callTitle", it.CallTitle)
		put(r.Metadata, "callccm2Id", it.CallNumber)
		put(r.Metadata, "typesOfAction", it.Action)
		put(r.Metadata, "keywords", append(slices.Clone(it.Keywords), it.Identifier)...)
		put(r.Metadata, "programmeDivision", it.Divisions...)
		if !it.noBudget {
			put(r.Metadata, "budgetOverview", budgetOverview(topics, it))
		}
		if it.Eligible != "" {
			put(r.Metadata, "topicConditions", "<p>1. Admissibility Conditions: Proposal page limit and layout</p><p>2. Eligible Countries</p>"+asHTML(it.Eligible))
		}
		if !it.DetailsOnly {
			put(r.Metadata, "descriptionByte", asHTML(it.Text))
		}
		out = append(out, r)
		if it.SV != nil {
			out = append(out, translated(r, "sv", it.SV))
		}
	}
	for _, it := range on(s.Cascades, day) {
		r := baseRow(s, it, "8", it.Number+"COMPETITIVE_CALLen", cascadePage+it.Number)
		put(r.Metadata, "caName", it.Title)
		put(r.Metadata, "callTitle", it.Title)
		put(r.Metadata, "callccm2Id", it.Number)
		put(r.Metadata, "title", it.Parent)
		put(r.Metadata, "projectAcronym", it.Project)
		put(r.Metadata, "description", asHTML(it.Text))
		out = append(out, r)
	}
	for _, it := range on(s.Prospects, day) {
		it.Programme = "RELEX"
		r := baseRow(s, it, "2", it.Number+"PROSPECTSEN", prospectPage+it.Number)
		put(r.Metadata, "callIdentifier", it.Number)
		put(r.Metadata, "descriptionByte", asHTML(it.Text))
		put(r.Metadata, "caName", "true")
		// Each ingest of these calls gives their times other seconds.
		for _, field := range []string{"startDate", "deadlineDate", "es_SortDate"} {
			for i, v := range r.Metadata[field] {
				r.Metadata[field][i] = shaken(v, fmt.Sprintf("%s %s %d %d", it.Number, field, i, day))
			}
		}
		out = append(out, r)
	}
	return out
}

func baseRow(s samples, it item, typ, reference, url string) row {
	r := row{Reference: reference, Language: "en", Summary: it.Title, URL: url, Metadata: map[string][]string{}}
	put(r.Metadata, "DATASOURCE", "SEDIA")
	put(r.Metadata, "REFERENCE", reference)
	put(r.Metadata, "type", typ)
	put(r.Metadata, "language", "en")
	put(r.Metadata, "identifier", it.Identifier)
	put(r.Metadata, "title", it.Title)
	put(r.Metadata, "status", statusCode(it.Status))
	put(r.Metadata, "frameworkProgramme", s.Programmes[it.Programme].Code)
	put(r.Metadata, "startDate", stamp(it.Opens))
	put(r.Metadata, "es_SortDate", stamp(it.Opens))
	var deadlines []string
	for _, d := range it.Deadlines {
		deadlines = append(deadlines, stamp(d))
	}
	put(r.Metadata, "deadlineDate", deadlines...)
	put(r.Metadata, "deadlineModel", cmp.Or(it.Model, "single-stage"))
	put(r.Metadata, "url", url)
	put(r.Metadata, "esST_URL", url)
	put(r.Metadata, "es_ContentType", "text/plain")
	return r
}

// put sets a field; what is not stated is absent.
func put(md map[string][]string, field string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(values) > 0 {
		md[field] = values
	}
}

// translated gives the copy of a row in another language: the portal has one for each language of the EU.
func translated(r row, lang string, c *copied) row {
	out := row{Reference: strings.TrimSuffix(r.Reference, "en") + lang, Language: lang, Summary: c.Title, URL: r.URL, Metadata: map[string][]string{}}
	for k, v := range r.Metadata {
		out.Metadata[k] = v
	}
	put(out.Metadata, "REFERENCE", out.Reference)
	put(out.Metadata, "language", lang)
	put(out.Metadata, "title", c.Title)
	put(out.Metadata, "descriptionByte", asHTML(c.Text))
	return out
}

// stamp writes a day or a time as the index does: Brussels' wall clock under the label of UTC.
func stamp(s string) string {
	if s == "" {
		return ""
	}
	if !strings.Contains(s, "T") {
		s += "T00:00"
	}
	return s + ":00.000+0000"
}

// shaken gives a time other seconds, by the seed.
func shaken(s, seed string) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, seed) // a hash takes everything
	head, tail, ok := strings.Cut(s, ":00.000")
	if !ok {
		return s
	}
	return fmt.Sprintf("%s:%02d.000%s", head, h.Sum32()%60, tail)
}

// budgetOverview is the budget of the whole call, JSON in a text: a reader must find its own topic in it.
func budgetOverview(topics []item, it item) string {
	if it.Budget == nil {
		return ""
	}
	type action struct {
		Action        string            `json:"action"`
		Grants        *int              `json:"expectedGrants"`
		Min           int64             `json:"minContribution"`
		Max           int64             `json:"maxContribution"`
		Years         map[string]string `json:"budgetYearMap"`
		DeadlineModel string            `json:"deadlineModel"`
	}
	lines := map[string][]action{}
	var years []string
	for _, t := range topics {
		if t.Budget == nil || t.Identifier != it.Identifier && (it.Call == "" || t.Call != it.Call) {
			continue
		}
		a := action{
			Action: t.Identifier + " - " + t.Action, Min: t.Budget.Min, Max: t.Budget.Max,
			Years: map[string]string{t.Budget.Year: strconv.FormatInt(t.Budget.EUR, 10)}, DeadlineModel: cmp.Or(t.Model, "single-stage"),
		}
		if t.Budget.Grants > 0 {
			a.Grants = &t.Budget.Grants
		}
		lines[strconv.Itoa(len(lines)+1)] = []action{a}
		if !slices.Contains(years, t.Budget.Year) {
			years = append(years, t.Budget.Year)
		}
	}
	b, err := json.Marshal(map[string]any{"budgetYearsColumns": years, "budgetTopicActionMap": lines})
	if err != nil {
		return "" // unreachable: numbers and texts
	}
	return string(b)
}

// form is what a question of the search says.
type form struct {
	query     json.RawMessage
	languages []string
	sort      *order
	fields    []string
}

type order struct {
	Field string `json:"field"`
	Order string `json:"order"`
}

// errBusiness is a query that the portal cannot read; errPart a part that is not marked as JSON.
var (
	errBusiness = errors.New("the query cannot be read")
	errPart     = errors.New("is not application/json")
)

func readForm(r *http.Request) (form, error) {
	var f form
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return f, nil // no form: the query is ignored, and the whole index comes
	}
	parts := multipart.NewReader(io.LimitReader(r.Body, 1<<20), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, errBusiness
		}
		var into any
		switch part.FormName() {
		case "query":
			into = &f.query
		case "languages":
			into = &f.languages
		case "sort":
			into = &f.sort
		case "displayFields":
			into = &f.fields
		default:
			continue
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind != "application/json" {
			return f, fmt.Errorf("part %s %w", part.FormName(), errPart)
		}
		if err := json.NewDecoder(part).Decode(into); err != nil {
			return f, errBusiness
		}
	}
}

// accept reads the form of a POST, and answers to what is none.
func (p *Portal) accept(w http.ResponseWriter, r *http.Request) (form, []row, bool) {
	if r.Method != http.MethodPost {
		answer(w, r, http.StatusMethodNotAllowed, map[string]string{"error": "Method Not Allowed"})
		return form{}, nil, false
	}
	f, err := readForm(r)
	var hits []row
	for _, d := range p.today().rows {
		if err != nil {
			break
		}
		var ok bool
		if ok, err = matches(f.query, d.Metadata); ok && (len(f.languages) == 0 || slices.Contains(f.languages, d.Language)) {
			hits = append(hits, d)
		}
	}
	switch {
	case errors.Is(err, errPart):
		answer(w, r, http.StatusInternalServerError, map[string]string{"type": "throwable", "message": err.Error()})
	case err != nil:
		answer(w, r, http.StatusBadRequest, map[string]string{"type": "businessError", "message": "Invalid Query format"})
	}
	return f, hits, err == nil
}

var dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$`)

// matches tells whether a document fits a query: the part of the query language that the portal was seen to accept.
func matches(query json.RawMessage, md map[string][]string) (bool, error) {
	if len(query) == 0 || string(query) == "null" || string(query) == "{}" {
		return true, nil
	}
	var clause map[string]json.RawMessage
	if json.Unmarshal(query, &clause) != nil || len(clause) != 1 {
		return false, errBusiness
	}
	for op, arg := range clause { // one
		switch op {
		case "bool":
			return matchesBool(arg, md)
		case "term", "terms":
			return matchesTerms(arg, md)
		case "range":
			return matchesRange(arg, md)
		}
	}
	return false, errBusiness
}

func matchesBool(arg json.RawMessage, md map[string][]string) (bool, error) {
	var b map[string][]json.RawMessage
	if json.Unmarshal(arg, &b) != nil {
		return false, errBusiness
	}
	result, some := true, len(b["should"]) == 0
	for op, clauses := range b {
		for _, c := range clauses {
			ok, err := matches(c, md)
			switch {
			case err != nil:
				return false, err
			case op == "must":
				result = result && ok
			case op == "must_not":
				result = result && !ok
			case op == "should":
				some = some || ok
			default:
				return false, errBusiness
			}
		}
	}
	return result && some, nil
}

func matchesTerms(arg json.RawMessage, md map[string][]string) (bool, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(arg, &fields) != nil || len(fields) != 1 {
		return false, errBusiness
	}
	for field, raw := range fields { // one
		var want []string
		if json.Unmarshal(raw, &want) != nil {
			var one string
			if json.Unmarshal(raw, &one) != nil {
				return false, errBusiness
			}
			want = []string{one}
		}
		return slices.ContainsFunc(md[field], func(v string) bool { return slices.Contains(want, v) }), nil
	}
	return false, errBusiness
}

func matchesRange(arg json.RawMessage, md map[string][]string) (bool, error) {
	var fields map[string]map[string]string
	if json.Unmarshal(arg, &fields) != nil || len(fields) != 1 {
		return false, errBusiness
	}
	for field, limits := range fields { // one
		for _, v := range limits {
			if !dateTime.MatchString(v) {
				return len(md[field]) > 0, nil // a bare date only means that the field exists
			}
		}
		for _, have := range md[field] {
			ok := true
			for op, v := range limits {
				switch op {
				case "gte":
					ok = ok && have >= v
				case "gt":
					ok = ok && have > v
				case "lte":
					ok = ok && have <= v
				case "lt":
					ok = ok && have < v
				default:
					return false, errBusiness
				}
			}
			if ok {
				return true, nil
			}
		}
	}
	return false, nil
}

func (p *Portal) search(w http.ResponseWriter, r *http.Request) {
	f, hits, ok := p.accept(w, r)
	if !ok {
		return
	}
	by := order{"startDate", "DESC"}
	if f.sort != nil {
		by = *f.sort
		hits = slices.DeleteFunc(hits, func(d row) bool { return len(d.Metadata[by.Field]) == 0 })
	}
	slices.SortStableFunc(hits, func(a, b row) int {
		c := strings.Compare(firstOf(a, by.Field), firstOf(b, by.Field))
		if strings.EqualFold(by.Order, "DESC") {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.Reference, b.Reference))
	})
	q := r.URL.Query()
	size := min(positive(q.Get("pageSize"), 10), pageCap)
	page := positive(q.Get("pageNumber"), 1)
	total := len(hits)
	if page*size > window || (page-1)*size > total {
		hits = nil
	} else {
		hits = hits[(page-1)*size : min(page*size, total)]
	}
	results := make([]result, 0, len(hits))
	for _, d := range hits {
		results = append(results, d.result(f.fields))
	}
	answer(w, r, http.StatusOK, searchAnswer{
		APIVersion: apiVersion, Terms: cmp.Or(q.Get("text"), "***"), ResponseTime: 5, Total: total, Page: page, Size: size,
		Sort: by.Field + ":" + cmp.Or(by.Order, "DESC"), QueryLanguage: queryLanguage{Language: "en"},
		BestBets: []string{}, Results: results, Warnings: []string{},
	})
}

func firstOf(d row, field string) string {
	if v := d.Metadata[field]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func positive(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1<<20 {
		return otherwise
	}
	return n
}

type searchAnswer struct {
	APIVersion    string        `json:"apiVersion"`
	Terms         string        `json:"terms"`
	ResponseTime  int           `json:"responseTime"`
	Total         int           `json:"totalResults"`
	Page          int           `json:"pageNumber"`
	Size          int           `json:"pageSize"`
	Sort          string        `json:"sort"`
	GroupBy       *string       `json:"groupByField"`
	QueryLanguage queryLanguage `json:"queryLanguage"`
	Spelling      string        `json:"spellingSuggestion"`
	BestBets      []string      `json:"bestBets"`
	Results       []result      `json:"results"`
	Warnings      []string      `json:"warnings"`
}

type queryLanguage struct {
	Language    string  `json:"language"`
	Probability float64 `json:"probability"`
}

type result struct {
	APIVersion    string              `json:"apiVersion"`
	Reference     string              `json:"reference"`
	URL           string              `json:"url"`
	Title         *string             `json:"title"`
	ContentType   string              `json:"contentType"`
	Language      string              `json:"language"`
	DatabaseLabel string              `json:"databaseLabel"`
	Database      string              `json:"database"`
	Summary       string              `json:"summary"`
	Weight        float64             `json:"weight"`
	Content       string              `json:"content"`
	Restricted    bool                `json:"accessRestriction"`
	Metadata      map[string][]string `json:"metadata"`
	Children      []string            `json:"children"`
	Highlighted   []string            `json:"highlightedFragments"`
}

// result gives d as an answer shows it. Where fields are asked for, only they come, and topicConditions never does.
func (d row) result(fields []string) result {
	md := d.Metadata
	if len(fields) > 0 {
		md = map[string][]string{}
		for _, f := range fields {
			if v, ok := d.Metadata[f]; ok && f != "topicConditions" {
				md[f] = v
			}
		}
	}
	return result{
		APIVersion: apiVersion, Reference: d.Reference, URL: d.URL, ContentType: "text/plain", Language: d.Language, DatabaseLabel: "SEDIA",
		Database: "SEDIA", Summary: d.Summary, Content: d.Summary, Metadata: md, Children: []string{}, Highlighted: []string{},
	}
}

func (p *Portal) facet(w http.ResponseWriter, r *http.Request) {
	_, hits, ok := p.accept(w, r)
	if !ok {
		return
	}
	type value struct {
		APIVersion string `json:"apiVersion"`
		Raw        string `json:"rawValue"`
		Label      string `json:"value"`
		Count      int    `json:"count"`
	}
	type facet struct {
		Name   string  `json:"name"`
		Count  int     `json:"count"`
		Values []value `json:"values"`
	}
	facets := []facet{}
	for _, name := range []string{"frameworkProgramme", "programmeDivision", "status", "type"} {
		f := facet{Name: name, Values: []value{}}
		for _, d := range hits {
			for _, v := range d.Metadata[name] {
				i := slices.IndexFunc(f.Values, func(have value) bool { return have.Raw == v })
				if i < 0 {
					i = len(f.Values)
					f.Values = append(f.Values, value{apiVersion, v, cmp.Or(p.today().labels[name][v], v), 0})
				}
				f.Values[i].Count++
			}
		}
		f.Count = len(f.Values)
		facets = append(facets, f)
	}
	answer(w, r, http.StatusOK, map[string]any{"apiVersion": apiVersion, "facets": facets})
}

// topicFile is the file of a topic, which exists under its identifier in lower case only.
func (p *Portal) topicFile(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("file"), ".json")
	i := slices.IndexFunc(p.today().topics, func(it item) bool { return ok && strings.ToLower(it.Identifier) == name })
	if i < 0 {
		notFound(w, r)
		return
	}
	it := p.today().topics[i]
	type action struct {
		Status    map[string]int `json:"status"`
		Opens     string         `json:"plannedOpeningDate"`
		Deadlines []int64        `json:"deadlineDates"`
	}
	a := action{Opens: it.Opens}
	a.Status = map[string]int{"id": positive(statusCode(it.Status), 0)}
	for _, d := range it.Deadlines {
		if t, err := time.Parse(time.DateOnly, d); err == nil {
			a.Deadlines = append(a.Deadlines, t.UnixMilli())
		}
	}
	answer(w, r, http.StatusOK, map[string]any{"TopicDetails": map[string]any{
		"type": 1, "ccm2Id": it.Number, "identifier": it.Identifier, "title": it.Title, "callIdentifier": it.Call, "callTitle": it.CallTitle,
		"description": asHTML(it.Text), "conditions": "", "keywords": it.Keywords, "actions": []action{a},
	}})
}
