package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// finding is one habit broken. What names it among the exceptions: the room and the name.
type finding struct{ at, what, why string }

// exception allows what a rule forbids, in one place and for a reason.
type exception struct{ what, why string }

var exceptions = []exception{}

// TestHabits reads every file for what no room does.
func TestHabits(t *testing.T) {
	t.Parallel()
	files := sources(t)
	var found []finding
	for _, f := range files {
		found = append(found, inits(f)...)
		found = append(found, clocks(f)...)
		found = append(found, sleeps(f)...)
		found = append(found, emptyNames(f)...)
		found = append(found, variables(f, files)...)
	}
	used := map[string]bool{}
	for _, b := range found {
		if slices.ContainsFunc(exceptions, func(e exception) bool { return e.what == b.what }) {
			used[b.what] = true
			continue
		}
		t.Errorf("%s: %s: %s", b.at, b.what, b.why)
	}
	for _, e := range exceptions {
		if e.why == "" {
			t.Errorf("the exception for %s has no reason", e.what)
		}
		if !used[e.what] {
			t.Errorf("the exception for %s is not needed any more", e.what)
		}
	}
}

func inits(f file) []finding {
	var out []finding
	for _, d := range f.tree.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && !f.test && fn.Recv == nil && fn.Name.Name == "init" {
			out = append(out, finding{f.at(fn.Pos()), f.room + ".init", "nothing happens because a package is imported; call it"})
		}
	}
	return out
}

// clocks finds where the time of day or the environment is read.
func clocks(f file) []finding {
	if f.test || strings.HasPrefix(f.room, "cmd/") {
		return nil
	}
	var out []finding
	if f.room != "internal/app" {
		f.uses("time", func(member string, pos token.Pos) {
			if member == "Now" || member == "Since" || member == "Until" {
				out = append(out, finding{f.at(pos), f.room + " time." + member, "take now time.Time, or Now func() time.Time"})
			}
		})
	}
	f.uses("os", func(member string, pos token.Pos) {
		if member == "Getenv" || member == "LookupEnv" || member == "Environ" || member == "ExpandEnv" {
			out = append(out, finding{f.at(pos), f.room + " os." + member, "the environment is read by config, which is handed it by cmd"})
		}
	})
	return out
}

// sleeps finds tests that wait for time instead of an event. In a bubble of testing/synctest time costs
// nothing and is exact.
func sleeps(f file) []finding {
	if !f.test || slices.ContainsFunc(f.imports(), func(i imported) bool { return i.path == "testing/synctest" }) {
		return nil
	}
	var out []finding
	f.uses("time", func(member string, pos token.Pos) {
		if member == "Sleep" {
			out = append(out, finding{f.at(pos), f.room + " time.Sleep", "wait for an event, or use testing/synctest"})
		}
	})
	return out
}

var saysNothing = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "misc", "base", "lib", "shared"}

func emptyNames(f file) []finding {
	name := strings.TrimSuffix(f.tree.Name.Name, "_test")
	folder := f.room[strings.LastIndex(f.room, "/")+1:]
	if slices.Contains(saysNothing, name) || slices.Contains(saysNothing, folder) {
		return []finding{{f.at(f.tree.Package), "package " + f.room, "a package is named by a noun that says what is in it"}}
	}
	return nil
}

// variables finds package variables that can change. It goes by the words alone: a variable is constant
// if it has a value, is none of the types that exist to be changed, and no file of its package assigns
// to it, to a part of it, or takes its address.
func variables(f file, files []file) []finding {
	if f.test {
		return nil
	}
	var out []finding
	for _, d := range f.tree.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.VAR {
			continue
		}
		for _, s := range decl.Specs {
			spec := s.(*ast.ValueSpec) // unreachable otherwise: the specs of var
			for i, name := range spec.Names {
				what := f.room + "." + name.Name
				switch {
				case name.Name == "_", embeds(decl, spec):
				case len(spec.Values) == 0:
					out = append(out, finding{f.at(name.Pos()), what, "a package variable without a value is there to be changed"})
				case changeable(spec, i):
					out = append(out, finding{f.at(name.Pos()), what, "a package variable of a type that is there to be changed"})
				default:
					if at := changed(name.Name, spec, f, files); at != "" {
						out = append(out, finding{at, what, "a package variable is changed here"})
					}
				}
			}
		}
	}
	return out
}

func embeds(decl *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{decl.Doc, spec.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// changeable tells whether the value is made empty to be filled, or holds a lock, a counter or a channel.
// What a sync.Once computes is computed once; [sync.OnceValue] and its kin are how to say so.
func changeable(spec *ast.ValueSpec, i int) bool {
	value := spec.Values[min(i, len(spec.Values)-1)]
	if call, ok := value.(*ast.CallExpr); ok {
		if fn, ok := call.Fun.(*ast.Ident); ok && (fn.Name == "make" || fn.Name == "new") {
			return true
		}
	}
	if and, ok := value.(*ast.UnaryExpr); ok {
		value = and.X
	}
	for _, typ := range []ast.Expr{spec.Type, typeOf(value)} {
		if s, ok := typ.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok && (pkg.Name == "sync" || pkg.Name == "atomic") {
				return true
			}
		}
	}
	return false
}

func typeOf(value ast.Expr) ast.Expr {
	if lit, ok := value.(*ast.CompositeLit); ok {
		return lit.Type
	}
	return nil
}

// changed gives the first place in the package that changes the variable.
func changed(name string, spec *ast.ValueSpec, home file, files []file) string {
	at := ""
	for _, f := range files {
		if f.room != home.room || f.test || at != "" {
			continue
		}
		// The variable itself, not a local one of its name: those are resolved within the file.
		is := func(e ast.Expr) bool {
			for {
				switch x := e.(type) {
				case *ast.Ident:
					return x.Name == name && (x.Obj == nil && f.name != home.name || x.Obj != nil && x.Obj.Decl == spec)
				case *ast.IndexExpr:
					e = x.X
				case *ast.SelectorExpr:
					e = x.X
				case *ast.StarExpr:
					e = x.X
				case *ast.ParenExpr:
					e = x.X
				default:
					return false
				}
			}
		}
		note := func(e ast.Expr) {
			if at == "" && is(e) {
				at = f.at(e.Pos())
			}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						note(e)
					}
				}
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					note(n.Key)
					note(n.Value)
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					note(n.X)
				}
			case *ast.CallExpr:
				if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") && len(n.Args) > 0 {
					note(n.Args[0])
				}
			}
			return true
		})
	}
	return at
}

// TestHabitsAreFound shows the rules a file that breaks them all, and one that breaks none.
func TestHabitsAreFound(t *testing.T) {
	t.Parallel()
	bad, err := parse("internal/misc/bad.go", `package misc
import ("os"; "sync"; clock "time")
var seen = map[string]int{}
var lock sync.Mutex
var once = &sync.Once{}
var cache = make(map[string]int)
var started clock.Time
var total = 0
var limit = 5
func init() {}
func f() { seen["a"] = 1; total++; g(&limit) }
func g(*int) { _ = clock.Now; _ = clock.Since; _ = os.Getenv("HOME") }
`)
	if err != nil {
		t.Fatal(err)
	}
	good, err := parse("internal/weather/good.go", `package weather
import ("errors"; "regexp"; "sync"; "time")
var (
	errGone = errors.New("gone")
	word = regexp.MustCompile("a")
	names = map[string]int{"a": 1}
	once = sync.OnceValue(func() int { return names["a"] })
	_ = errGone
)
//go:embed x
var x string
func f(time time.Time) { names := map[string]int{}; names["b"] = 2; limit := 1; limit++; _ = time.Now }
`)
	if err != nil {
		t.Fatal(err)
	}
	all := func(f file) (got []string) {
		for _, b := range slices.Concat(inits(f), clocks(f), emptyNames(f), variables(f, []file{f})) {
			got = append(got, b.what)
		}
		slices.Sort(got)
		return got
	}
	want := []string{
		"internal/misc os.Getenv", "internal/misc time.Now", "internal/misc time.Since", "internal/misc.cache", "internal/misc.init", "internal/misc.limit",
		"internal/misc.lock", "internal/misc.once", "internal/misc.seen", "internal/misc.started", "internal/misc.total", "package internal/misc",
	}
	if got := all(bad); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := all(good); len(got) > 0 {
		t.Errorf("found in a good file: %q", got)
	}
	sleepy, err := parse("internal/weather/weather_test.go", "package weather\nimport \"time\"\nfunc f() { time.Sleep(1) }\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := sleeps(sleepy); len(got) != 1 {
		t.Errorf("got %v, want one sleep", got)
	}
}
