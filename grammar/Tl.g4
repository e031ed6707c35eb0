// The whole concrete syntax of tl. frontend/Parse.cpp runs it, frontend/BuildAst*.cpp turns its trees into ast/Ast.h.
//
// Three things are not said here, because a context-free rule would say them worse:
//  - Newlines. frontend/Tokens.cpp turns each into one SEP or drops it, by the brackets and the tokens around it (REFERENCE.md,
//    "Lines"); no rule ever sees NL. It also joins an attribute with the line below it, and a `where` with its signature.
//  - That comparisons and ranges do not chain, that one list of binders has `in` everywhere or nowhere, and what may stand on the
//    left of `=` or on the right of `|>`: BuildAst says so, with better words than "unexpected".
//  - What a string's text means: its holes are cut out and parsed by the rule `hole`.
//
// Nothing is ambiguous (test/grammar/unambiguous.test). What keeps it so: in a left-recursive rule no alternative begins with an
// operator, except `not`, the tightest of its rule. So the minus has a rule of its own (unary).
grammar Tl;

//===- Files --------------------------------------------------------------------------------------------------------===//

file        : SEP* (item (SEP+ item)* SEP*)? EOF ;
snippet     : SEP* (line (SEP+ line)* SEP*)? EOF ;           // an entry at the prompt
hole        : expr EOF ;                                     // {expr} of a string

item        : attribute* (declaration | binding) ;
line        : attribute* (declaration | statement) ;

//===- Declarations -------------------------------------------------------------------------------------------------===//

declaration
    : 'import' STRING ('as' name)?                                                            # importFile
    | 'import' name ('.' name)* ('as' name)?                                                  # importModule
    | 'export'? 'def' name generics? '(' (param (',' param)* ','?)? ')' ('->' type)? where?
      (block | '=' expr)?                                                                     # define      // no body: an intrinsic
    | 'struct' name generics? '{' SEP* (field (fieldEnd+ field)*)? fieldEnd* '}'              # structure
    | ('test' | 'bench') STRING block                                                         # testBlock
    ;
attribute   : '@' name ('(' (arg (',' arg)* ','?)? ')')? ;
generics    : '[' generic (',' generic)* ','? ']' ;
generic     : name (':' name ('=' type)?)? ;                 // a size, or a type with its constraint
param       : name ':' 'const'? type ('=' expr)? ;
where       : 'where' expr ;
field       : name ':' type ('=' expr)? ;
fieldEnd    : ',' | SEP ;

//===- Types --------------------------------------------------------------------------------------------------------===//

type
    : name ('.' name)* typeArgs*                                                              # namedType   // S[8, 4][b]
    | '(' (type (',' type)* ','?)? ')' ('->' type)?                                           # tupleType   // or a function
    ;
typeArgs    : '[' (typeArg (',' typeArg)* ','?)? ']' ;
typeArg
    : '...' name                                                                              # packArg
    | expr                                                                                    # valueArg    // a size or a type
    ;

//===- Statements ---------------------------------------------------------------------------------------------------===//

block       : '{' SEP* (blockLine (SEP+ blockLine)* SEP*)? '}' ;
blockLine   : attribute* statement ;
statement
    : binding                                                                                 # bind
    | 'for' pattern 'in' expr block                                                           # forLoop
    | 'while' expr block                                                                      # whileLoop
    | 'assert' expr (',' expr)?                                                               # assertion
    | expr (assignOp expr)?                                                                   # evaluate    // or assign
    ;
binding     : ('let' | 'var') pattern (':' type)? '=' expr ;
assignOp    : '=' | '+=' | '-=' | '*=' | '/=' | '//=' | '%=' | '**=' ;
pattern
    : name                                                                                    # namePattern
    | '(' pattern (',' pattern)* ','? ')'                                                     # tuplePattern
    ;

//===- Expressions --------------------------------------------------------------------------------------------------===//

expr
    : name '->' body                                                                          # lambdaOfOne
    | '(' (lambdaParam (',' lambdaParam)* ','?)? ')' '->' body                                # lambda
    | logic ('|>' suffixed)*                                                                  # pipe
    ;
lambdaParam : name (':' type)? ;
body        : expr | block ;

logic
    : 'not' logic                                                                             # notLogic
    | logic 'and' logic                                                                       # andLogic
    | logic 'or' logic                                                                        # orLogic
    | arithmetic                                                                              # ofArithmetic
    ;
arithmetic
    : arithmetic ('*' | '/' | '//' | '%' | '@') arithmetic                                    # multiply
    | arithmetic ('+' | '-') arithmetic                                                       # add
    | arithmetic '..' arithmetic                                                              # range
    | arithmetic ('==' | '!=' | '<' | '<=' | '>' | '>=') arithmetic                           # compare
    | unary                                                                                  # ofUnary
    ;
unary
    : '-' unary                                                                              # negate
    | conditional                                                                             # ofConditional
    | suffixed ('**' unary)?                                                                 # power
    ;
conditional : 'if' expr block ('else' (conditional | block))? ;

suffixed
    : suffixed '.' name                                                                       # select
    | suffixed '[' (index (',' index)* ','?)? ']'                                             # subscript   // also zeros[f64]
    | suffixed '(' (arg (',' arg)* ','?)? ')'                                                 # call
    |<assoc=right> suffixed '??' '-'? suffixed                                                # fallback
    | '(' (expr (',' expr)* ','?)? ')'                                                        # parens      // (), (a), (a, b)
    | '[' forPart ']'                                                                         # arrayFor
    | '[' (element (',' element)* ','?)? ']'                                                  # arrayLiteral
    | (INT | FLOAT)                                                                           # number
    | STRING                                                                                  # string
    | ('true' | 'false')                                                                      # truth
    | 'None'                                                                                  # none
    | name                                                                                    # nameUse
    ;
index
    : '...' name?                                                                             # indexRest
    | expr (':' expr? (':' expr?)?)?                                                          # indexOne    // or a slice with a start
    | ':' expr? (':' expr?)?                                                                  # indexSlice
    ;
arg
    : name '=' expr                                                                           # namedArg
    | forPart                                                                                 # forArg
    | expr                                                                                    # plainArg
    ;
element
    : '...' name                                                                              # spread
    | expr                                                                                    # single
    ;
forPart     : 'for' binder (',' binder)* ','? ('if' expr)? ':' body ;
binder      : pattern ('in' expr)? ;

name        : IDENT | 'where' | 'test' | 'bench' | 'const' ; // these four are words only in their places

//===- Tokens -------------------------------------------------------------------------------------------------------===//

DOC         : '##' (~[#\r\n] ~[\r\n]*)? ;
COMMENT     : '#' ~[\r\n]* ;
NL          : ('\r'? '\n' | '\r')+ ;
WS          : [ \t\f\u00A0\uFEFF]+ -> skip ;
SEP         : ';' ;
FLOAT       : DIGITS '.' DIGITS EXPONENT? | DIGITS EXPONENT ;
INT         : '0x' [0-9a-fA-F] [0-9a-fA-F_]* | DIGITS ;
fragment DIGITS   : [0-9] [0-9_]* ;
fragment EXPONENT : [eE] [+-]? [0-9] [0-9_]* ;
STRING      : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"' ;
RESERVED    : 'return' | 'break' | 'continue' | 'match' | 'enum' | 'inout' | 'dim' | 'schedule' ; // kept for later
IDENT       : [\p{L}_] [\p{L}\p{M}\p{N}_]* ;

// What no rule takes: each gets a message of its own in frontend/ParseTokens.cpp.
OPEN_STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '\\'? ;
QUOTED      : '\'' (~['\\\r\n] | '\\' ~[\r\n])* '\''? ;
BAD_NUMBER  : [0-9] [\p{L}\p{M}\p{N}_]* ('.' [0-9] [\p{L}\p{M}\p{N}_]*)? ;
FOREIGN     : '&&' | '||' | '!' | '&' | '|' | '^' | '~' | '<<' | '>>' | '++' | ':=' | '=>' | '===' | '?' | '/*' | '*/' ;
UNKNOWN     : . ;
