package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"utkik/internal/account"
)

// languages are those of the page about the interface, the first is the one that a reader gets who asks for no other. What
// the description says is English in both: it is read by the makers of programs, and stands in the document that they load.
var languages = []string{"sv", "en"}

// texts are the words of the page in one language.
type texts struct {
	Heading    string            `json:"heading"`
	Intro      string            `json:"intro"`
	Document   string            `json:"document"` // link to the description for programs
	Contents   string            `json:"contents"`
	Tags       map[string]string `json:"tags"`
	Operations map[string]string `json:"operations"` // summaries, by id
	Roles      map[string]string `json:"roles"`
	Parameters string            `json:"parameters"`
	Body       string            `json:"body"`
	Fields     string            `json:"fields"`
	Shapes     string            `json:"shapes"`
	Example    string            `json:"example"`
	Answer     string            `json:"answer"`
	NoAnswer   string            `json:"no_answer"`
	Required   string            `json:"required"`
	Always     string            `json:"always"` // of a field of an answer
	Default    string            `json:"default"`
	OneOf      string            `json:"one_of"`
	Repeat     string            `json:"repeat"`
	Mistakes   string            `json:"mistakes"`
}

// page makes the page about the interface.
type page struct {
	texts map[string]*texts
	form  *template.Template
}

// Page is the content of a page, to be shown in the frame of the others.
type Page struct {
	Title string
	Body  template.HTML
}

// view is the page for one reader.
type view struct {
	T      *texts
	Intro  []template.HTML // of the description, in English
	Spec   string
	Groups []group
	Shapes []shape
}

type group struct {
	ID, Name   string
	Operations []shown
}

// shown is an operation.
type shown struct {
	ID, Method, Path string
	Summary          string
	About            template.HTML
	Role             string
	Parameters       *fieldList
	Body             *fieldList
	Curl             string
	Answer           string
	Status           int
	Fields           *fieldList
	Mistakes         []mistake
}

// fieldList is what a list of fields is shown with.
type fieldList struct {
	T      *texts
	Fields []field
	Sent   bool // to us: several are given by repeating the name, and what is missing is a mistake
}

func listed(t *texts, fs []field) *fieldList {
	if len(fs) == 0 {
		return nil
	}
	return &fieldList{T: t, Fields: fs}
}

// field is a parameter, or a part of a body.
type field struct {
	Name, Type, About string
	Shape             string // what it is made of, where that has a place of its own
	Required, Several bool
	Default           string
	OneOf             []string
}

// shape is what parts of answers are made of.
type shape struct {
	Name   string
	Fields *fieldList
}

type mistake struct{ Status, About string }

// document prepares the page and serves it. Its style is a block of the pages' own.
func (s *Server) document() error {
	p := &page{texts: map[string]*texts{}}
	for _, lang := range languages {
		raw, err := files.ReadFile("locale/" + lang + ".json")
		if err != nil {
			return fmt.Errorf("api: %v", err)
		}
		t := &texts{}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(t); err != nil {
			return fmt.Errorf("api: locale/%s.json: %v", lang, err)
		}
		p.texts[lang] = t
	}
	var err error
	if p.form, err = template.ParseFS(files, "templates/api.html"); err != nil {
		return fmt.Errorf("api: %v", err)
	}
	s.page = p
	s.handle("GET /api", account.Nobody, s.showPage)
	s.handle("GET /api/{$}", account.Nobody, s.showPage)
	return nil
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	lang := languages[0]
	if asked := r.URL.Query().Get("lang"); s.page.texts[asked] != nil {
		lang = asked
	}
	t := s.page.texts[lang]
	var b bytes.Buffer
	if err := s.page.form.Execute(&b, s.view(t, s.pageBase(r))); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "page not rendered", "url", r.URL.Path, "err", err)
		s.problem(r.Context(), nil, err).write(w)
		return
	}
	s.cfg.Show(w, r, Page{t.Heading, template.HTML(b.String())}) // the template has escaped it
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// pageBase is under which address the examples are asked for: what is configured, else where this reader is.
func (s *Server) pageBase(r *http.Request) string {
	switch {
	case s.cfg.BaseURL != "":
		return s.base()
	case hostPattern.MatchString(r.Host): // it is pasted into a shell
		return "http://" + r.Host
	}
	return "http://localhost"
}

func (s *Server) view(t *texts, base string) view {
	v := view{T: t, Spec: s.cfg.Root + Prefix + "/openapi.json"}
	for para := range strings.SplitSeq(s.huma.OpenAPI().Info.Description, "\n\n") {
		v.Intro = append(v.Intro, marked(para))
	}
	var all []field
	for _, tag := range s.huma.OpenAPI().Tags {
		g := group{ID: "tag-" + tag.Name, Name: t.Tags[tag.Name]}
		for _, op := range s.ops {
			if op.tag != tag.Name {
				continue
			}
			o := s.shown(op, t, base)
			g.Operations = append(g.Operations, o)
			for _, list := range []*fieldList{o.Body, o.Fields} {
				if list != nil {
					all = append(all, list.Fields...)
				}
			}
		}
		v.Groups = append(v.Groups, g)
	}
	v.Shapes = s.shapes(t, all)
	return v
}

var (
	strongPattern = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	codePattern   = regexp.MustCompile("`([^`]+)`")
)

// marked writes the little Markdown that the description has as HTML.
func marked(s string) template.HTML {
	s = template.HTMLEscapeString(s)
	s = strongPattern.ReplaceAllString(s, "<strong>$1</strong>")
	return template.HTML(codePattern.ReplaceAllString(s, "<code>$1</code>"))
}

func (s *Server) shown(op *operation, t *texts, base string) shown {
	o := s.described(op)
	out := shown{
		ID: op.id, Method: op.method, Path: s.cfg.Root + Prefix + op.path, Summary: cmp.Or(t.Operations[op.id], op.summary),
		About: marked(op.about), Role: t.Roles[op.role.String()], Status: op.status, Curl: curl(op, base),
	}
	var parameters []field
	for _, p := range o.Parameters {
		f := s.field(p.Name, p.Schema)
		f.Required, f.About = p.Required, p.Description
		parameters = append(parameters, f)
	}
	if out.Parameters = listed(t, parameters); out.Parameters != nil {
		out.Parameters.Sent = true
	}
	if o.RequestBody != nil {
		out.Body = listed(t, s.fields(o.RequestBody.Content["application/json"].Schema))
		out.Body.Sent = true
	}
	if good := o.Responses[fmt.Sprint(op.status)]; good != nil && good.Content["application/json"] != nil {
		media := good.Content["application/json"]
		out.Fields = listed(t, s.fields(media.Schema))
		if raw, ok := media.Example.(json.RawMessage); ok {
			out.Answer = string(raw)
		}
	}
	for status, r := range o.Responses {
		if status >= "400" {
			out.Mistakes = append(out.Mistakes, mistake{status, r.Description})
		}
	}
	slices.SortFunc(out.Mistakes, func(a, b mistake) int { return strings.Compare(a.Status, b.Status) })
	return out
}

// curl is a command that asks for the example.
func curl(op *operation, base string) string {
	parts := []string{"curl -s"}
	if op.method != get {
		parts = append(parts, "-X "+op.method)
	}
	if op.role > account.Reader {
		parts = append(parts, `-H "Authorization: Bearer $UTKIK_KEY"`)
	}
	if op.body != "" {
		parts = append(parts, "-H 'Content-Type: application/json'", "-d '"+op.body+"'")
	}
	between := " "
	if len(parts) > 1 {
		between = " \\\n  "
	}
	return strings.Join(append(parts, "'"+base+Prefix+op.example+"'"), between)
}

// resolve follows a schema's reference.
func (s *Server) resolve(schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return s.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

func (s *Server) field(name string, schema *huma.Schema) field {
	f := field{Name: name, Shape: strings.TrimPrefix(schema.Ref, schemaPrefix)}
	schema = s.resolve(schema)
	f.Type, f.About = schema.Type, schema.Description
	if schema.Default != nil {
		f.Default = fmt.Sprint(schema.Default)
	}
	values := schema
	if schema.Type == huma.TypeArray {
		f.Shape = strings.TrimPrefix(schema.Items.Ref, schemaPrefix)
		f.Several, values = true, s.resolve(schema.Items)
		f.Type = values.Type
	}
	if values.Format != "" {
		f.Type += ", " + values.Format
	}
	for _, e := range values.Enum {
		if v := fmt.Sprint(e); v != "" {
			f.OneOf = append(f.OneOf, v)
		}
	}
	return f
}

// fields lists what a body is made of. What is made of more has its own place on the page; see [Server.shapes].
func (s *Server) fields(schema *huma.Schema) []field {
	schema = s.resolve(schema)
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { // what is always there comes first
		x, y := slices.Contains(schema.Required, a), slices.Contains(schema.Required, b)
		if x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	out := make([]field, len(names))
	for i, name := range names {
		property := schema.Properties[name]
		out[i] = s.field(name, property)
		out[i].Required, out[i].About = slices.Contains(schema.Required, name), cmp.Or(property.Description, out[i].About)
	}
	return out
}

// shapes lists what answers are made of, each once: those that some field is of, by name.
func (s *Server) shapes(t *texts, shown []field) []shape {
	var out []shape
	seen := map[string]bool{}
	for len(shown) > 0 {
		f := shown[0]
		shown = shown[1:]
		if f.Shape == "" || seen[f.Shape] {
			continue
		}
		seen[f.Shape] = true
		fs := s.fields(&huma.Schema{Ref: schemaPrefix + f.Shape})
		out = append(out, shape{f.Shape, listed(t, fs)})
		shown = append(shown, fs...)
	}
	slices.SortFunc(out, func(a, b shape) int { return strings.Compare(a.Name, b.Name) })
	return out
}
