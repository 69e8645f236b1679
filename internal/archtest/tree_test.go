package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "utkik"
	root   = "../.."
)

// file is one Go file of the project.
type file struct {
	name string // from the project's root, with slashes
	room string // the folder it stands in
	test bool   // belongs to tests only
	set  *token.FileSet
	tree *ast.File
}

type imported struct {
	path, name string // the name that the file calls it by
	at         string // file:line
}

func (f file) at(pos token.Pos) string {
	return f.name + ":" + strconv.Itoa(f.set.Position(pos).Line)
}

func (f file) imports() []imported {
	var out []imported
	for _, spec := range f.tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // unreachable error: the parser read it
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out = append(out, imported{path, name, f.at(spec.Pos())})
	}
	return out
}

// uses calls found for every place where the file names a member of a package: time.Now of "time".
func (f file) uses(path string, found func(member string, pos token.Pos)) {
	for _, imp := range f.imports() {
		if imp.path != path {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				// A name that a file resolves is a variable of its own, not the package.
				if x, ok := s.X.(*ast.Ident); ok && x.Name == imp.name && x.Obj == nil {
					found(s.Sel.Name, s.Pos())
				}
			}
			return true
		})
	}
}

func parse(name string, text any) (file, error) {
	f := file{name: filepath.ToSlash(name), set: token.NewFileSet()}
	f.room = strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "./")
	// A room whose name ends in "test" helps tests and never gets into the program.
	f.test = strings.HasSuffix(name, "_test.go") || strings.HasSuffix(f.room, "test")
	var err error
	f.tree, err = parser.ParseFile(f.set, filepath.Join(root, name), text, parser.ParseComments)
	return f, err
}

var readTree = sync.OnceValues(func() ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" || base == "utkik-data") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(base, ".go") {
			f, err := parse(name, nil)
			if err != nil {
				return err
			}
			files = append(files, f)
		}
		return nil
	})
	return files, err
})

// sources gives every Go file of the project.
func sources(t *testing.T) []file {
	t.Helper()
	files, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files: is this the project's root?")
	}
	return files
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
